//! A database whose work is counted.

use std::sync::Arc;

use async_trait::async_trait;

use super::StoreError;
use super::database::{Database, Transaction, Within};
use super::sql::{Read, Row, Statement, Value};
use crate::metrics::work::{Done, Work};

#[derive(Clone)]
pub(super) struct CountedDatabase {
    pub(super) database: Arc<Database>,
    pub(super) work: Work,
}

impl CountedDatabase {
    pub(super) async fn rows(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.work.done(Done::Read, 1);
        self.database.rows(sql, values).await
    }

    /// The rows of each of these.
    pub(super) async fn reads(&self, reads: Vec<Read>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.work.done(Done::Read, reads.len());
        self.database.reads(reads).await
    }

    /// The first row, if there is one.
    pub(super) async fn row(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        self.database.write(self.counted(work)).await
    }

    pub(super) async fn write_together<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        self.database.write_together(self.counted(work)).await
    }

    fn counted<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static,
    ) -> impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static {
        self.work.done(Done::Transaction, 1);
        let (work, counts) = (Arc::new(work), self.work.clone());
        move |transaction| {
            let (work, counts) = (Arc::clone(&work), counts.clone());
            Box::pin(async move { work(&mut CountedTransaction { transaction, counts }).await })
        }
    }

    /// Writes by one statement, which is all of its transaction.
    pub(super) async fn write_one(&self, statement: Statement) -> Result<(), StoreError> {
        self.work.done(Done::Transaction, 1);
        self.work.done(Done::Write, 1);
        self.database.write_one(statement).await
    }
}

struct CountedTransaction<'a> {
    transaction: &'a mut dyn Transaction,
    counts: Work,
}

#[async_trait]
impl Transaction for CountedTransaction<'_> {
    async fn read(&mut self, reads: Vec<Read>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.counts.done(Done::ReadWithin, reads.len());
        self.transaction.read(reads).await
    }

    async fn write(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.counts.done(Done::Write, statements.len());
        self.transaction.write(statements).await
    }

    async fn finish(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.counts.done(Done::Write, statements.len());
        self.transaction.finish(statements).await
    }
}
