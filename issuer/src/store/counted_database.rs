//! A database that counts its statements and transactions for the metrics.

use std::sync::Arc;

use async_trait::async_trait;

use super::database::Database;
use super::error::StoreError;
use super::sql::{Query, Row, Statement, Value};
use super::transaction::{Transaction, TransactionFuture};
use crate::metrics::work::{Operation, WorkCounts};

#[derive(Clone)]
pub(super) struct CountedDatabase {
    pub(super) database: Arc<Database>,
    pub(super) work: WorkCounts,
}

impl CountedDatabase {
    pub(super) async fn rows(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.work.done(Operation::Read, 1);
        self.database.rows(sql, values).await
    }

    /// Runs one query that reads many rows, which may take much longer than a request waits.
    pub(super) async fn scan(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.work.done(Operation::Read, 1);
        self.database.scan(sql, values).await
    }

    /// Gives the rows of each query.
    pub(super) async fn query_all(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.work.done(Operation::Read, queries.len());
        self.database.query_all(queries).await
    }

    /// Gives the first row, if there is one.
    pub(super) async fn row(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, StoreError> {
        self.database.write(self.counted(work)).await
    }

    pub(super) async fn write_batched<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, StoreError> {
        self.database.write_batched(self.counted(work)).await
    }

    fn counted<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T>
        + Send
        + Sync
        + 'static,
    ) -> impl for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T> + Send + Sync + 'static
    {
        self.work.done(Operation::Transaction, 1);
        let work = Arc::new(work);
        let counts = self.work.clone();
        move |transaction| {
            let work = Arc::clone(&work);
            let counts = counts.clone();
            Box::pin(async move { work(&mut CountedTransaction { transaction, counts }).await })
        }
    }

    /// Runs one statement as a transaction of its own.
    pub(super) async fn write_one(&self, statement: Statement) -> Result<(), StoreError> {
        self.work.done(Operation::Transaction, 1);
        self.work.done(Operation::Write, 1);
        self.database.write_one(statement).await
    }

    /// Runs one statement that touches many rows as a transaction of its own.
    pub(super) async fn write_many_rows(&self, statement: Statement) -> Result<(), StoreError> {
        self.work.done(Operation::Transaction, 1);
        self.work.done(Operation::Write, 1);
        self.database.write_many_rows(statement).await
    }
}

struct CountedTransaction<'a> {
    transaction: &'a mut dyn Transaction,
    counts: WorkCounts,
}

#[async_trait]
impl Transaction for CountedTransaction<'_> {
    async fn query_all(&mut self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.counts.done(Operation::ReadWithin, queries.len());
        self.transaction.query_all(queries).await
    }

    async fn write(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.counts.done(Operation::Write, statements.len());
        self.transaction.write(statements).await
    }

    async fn write_last(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.counts.done(Operation::Write, statements.len());
        self.transaction.write_last(statements).await
    }
}
