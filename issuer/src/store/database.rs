//! The two databases as one: a query, or a transaction that reads and writes.

use super::error::StoreError;
use super::pool_status::PoolStatus;
use super::postgres::Postgres;
use super::sql::{Query, Row, Statement, Value};
use super::sqlite::Sqlite;
use super::transaction::{Transaction, TransactionFuture};

/// The database that the settings name.
pub(super) enum Database {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

impl Database {
    /// Runs one query, which sees one moment.
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

    /// Runs one query that reads many rows, which may take much longer than a request waits.
    pub(super) async fn scan(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.rows(sql, values).await,
            Self::Postgres(postgres) => postgres.scan(sql, values).await,
        }
    }

    /// Runs these queries in order; gives the rows of each. PostgreSQL is waited for once.
    pub(super) async fn query_all(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.query_all(queries).await,
            Self::Postgres(postgres) => postgres.query_all(queries).await,
        }
    }

    /// Runs `work` in a transaction and commits it, unless it gives an error: then nothing is written. It may run more
    /// than once.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write(work).await,
            Self::Postgres(postgres) => postgres.write(work).await,
        }
    }

    /// Does the same for work that may share its transaction with others of its kind, and may run again although it
    /// succeeded. Many callers at the same time cost much less so.
    pub(super) async fn write_batched<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write_batched(work).await,
            Self::Postgres(postgres) => postgres.write_batched(work).await,
        }
    }

    /// Runs one statement as a transaction of its own.
    pub(super) async fn write_one(&self, statement: Statement) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write_one(statement).await,
            Self::Postgres(postgres) => postgres.write_one(statement).await,
        }
    }

    /// Gives the state of the pool of connections; SQLite has none.
    pub(super) fn pool_status(&self) -> Option<PoolStatus> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(postgres) => Some(postgres.pool_status()),
        }
    }

    /// Runs one statement that touches many rows, which may take much longer than a request waits, as a transaction of its
    /// own.
    pub(super) async fn write_many_rows(&self, statement: Statement) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write_one(statement).await,
            Self::Postgres(postgres) => postgres.write_many_rows(statement).await,
        }
    }
}
