//! A transaction, as the store's operations see one, whichever database it runs on.

use async_trait::async_trait;

use super::error::StoreError;
use super::sql::{Query, Row, Statement, Value};

/// A future that ends within the transaction that it borrows.
pub(super) type TransactionFuture<'a, T> =
    std::pin::Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// What can be done within a transaction.
#[async_trait]
pub(super) trait Transaction: Send {
    /// Runs these queries in order; gives the rows of each. PostgreSQL is waited for once.
    async fn query_all(&mut self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, StoreError>;

    /// Runs one query.
    async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.query_all(vec![Query::new(sql, values)]).await?.remove(0))
    }

    /// Runs one query, and locks the rows that it finds.
    async fn rows_for_update(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(self.query_all(vec![Query::new(sql, values).for_update()]).await?.remove(0))
    }

    /// Runs these statements in order. After an error the transaction writes nothing.
    async fn write(&mut self, statements: Vec<Statement>) -> Result<(), StoreError>;

    /// Runs the last statements of this transaction: nothing may be asked of it afterwards, so they may be sent
    /// together with the commit. No two of them touch the same row.
    async fn write_last(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.write(statements).await
    }
}
