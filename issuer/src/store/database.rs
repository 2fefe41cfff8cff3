//! What a database is asked for: one statement that reads, or a transaction that reads and writes. All that knows which
//! database it is lies behind this.

use async_trait::async_trait;

use super::StoreError;
use super::postgres::Postgres;
use super::sql::{Read, Row, Statement, Value};
use super::sqlite::Sqlite;

/// A future that ends within the transaction it was given.
pub(super) type Within<'a, T> =
    std::pin::Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// One of the two.
pub(super) enum Database {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

/// What can be done within a transaction.
#[async_trait]
pub(super) trait Transaction: Send {
    /// Reads by each of these, one after the other; a database in another process is waited for once.
    async fn read(&mut self, reads: Vec<Read>) -> Result<Vec<Vec<Row>>, StoreError>;

    /// Reads by one.
    async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.read(vec![Read::new(sql, values)]).await?.remove(0))
    }

    /// Reads by one, and locks what it finds.
    async fn lock(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.read(vec![Read::new(sql, values).locked()]).await?.remove(0))
    }

    /// Writes, in this order. After an error the transaction writes nothing.
    async fn write(&mut self, statements: Vec<Statement>) -> Result<(), StoreError>;

    /// Writes the last of this transaction: whoever does so asks for nothing more, so it may go out with the commit. No
    /// two of these touch the same row.
    async fn finish(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.write(statements).await
    }
}

impl Database {
    /// Reads by one statement, which sees one moment.
    pub(super) async fn rows(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.rows(sql, values).await,
            Self::Postgres(postgres) => postgres.rows(sql, values).await,
        }
    }

    /// Reads by each of these, one after the other; a database in another process is waited for once.
    pub(super) async fn reads(&self, reads: Vec<Read>) -> Result<Vec<Vec<Row>>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.reads(reads).await,
            Self::Postgres(postgres) => postgres.reads(reads).await,
        }
    }

    /// Does `work` in a transaction and commits it, unless it gives an error: then nothing is written. It may run more
    /// than once.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write(work).await,
            Self::Postgres(postgres) => postgres.write(work).await,
        }
    }

    /// The same for work that may share its transaction with others' of its kind, and may run again although it went well.
    /// Many that ask at the same time cost much less so.
    pub(super) async fn write_together<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write_together(work).await,
            Self::Postgres(postgres) => postgres.write_together(work).await,
        }
    }

    /// Writes by one statement, which is all of its transaction.
    pub(super) async fn write_one(&self, statement: Statement) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write_one(statement).await,
            Self::Postgres(postgres) => postgres.write_one(statement).await,
        }
    }
}

/// Maps why the schema could not be set up. A history with another checksum or with more migrations is another edition's.
pub(super) fn schema_error(error: &refinery::Error) -> StoreError {
    use refinery::error::Kind;
    match error.kind() {
        Kind::MissingVersion(migration) | Kind::DivergentVersion(migration, _) => {
            StoreError::OtherEdition(migration.version().into())
        }
        // The driver's text may quote a value.
        Kind::Connection(..) => StoreError::Refused("of a migration".to_owned()),
        _ => StoreError::Unavailable("its migrations cannot be read"),
    }
}
