//! PostgreSQL: for more than one machine. A pool of connections; a row that is read to be changed is locked; a
//! transaction that conflicts with another runs again.
//!
//! | file | content |
//! |---|---|
//! | `connection`, `tls` | the pool, its settings, its schema and its errors |
//! | `values` | values on the wire |
//! | `statement_group` | statements of the same SQL text, sent as one |
//! | `transaction` | one transaction: what is asked in it at a time is sent at once |
//! | `retry` | a transaction that runs again after a conflict |
//! | `batch` | work of many callers in one transaction |

mod batch;
mod connection;
mod retry;
mod statement_group;
mod tls;
mod transaction;
mod values;

use deadpool_postgres::Pool;

use super::batch::batchable;
use super::error::StoreError;
use super::sql::{Query, Row, Statement, Value};
use super::transaction::{Transaction, TransactionFuture};
use batch::BatchScheduler;
pub(in crate::store) use connection::config;
use connection::{connection, issuer_config, migrate, pool, refused};
use retry::write_with_retries;
use transaction::PostgresTransaction;
use values::parameters;

pub(in crate::store) struct Postgres {
    pool: Pool,
    batches: BatchScheduler,
    pub(in crate::store) config: tokio_postgres::Config,
}

impl Postgres {
    pub(in crate::store) async fn open(url: &str) -> Result<Self, StoreError> {
        let config = issuer_config(url)?;
        let pool = pool(&config)?;
        migrate(&pool).await?;
        Ok(Self { batches: BatchScheduler::new(pool.clone()), pool, config })
    }

    pub(in crate::store) async fn rows(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let connection = connection(&self.pool).await?;
        let statement = connection.prepare_cached(sql).await.map_err(|error| refused(&error))?;
        let rows = connection.query(&statement, &parameters(&values)).await;
        rows.map_err(|error| refused(&error))?.iter().map(values::row).collect()
    }

    pub(in crate::store) async fn query_all(
        &self,
        queries: Vec<Query>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let mut transaction = PostgresTransaction::new(connection(&self.pool).await?);
        let rows = transaction.query_all(queries).await;
        transaction.end(rows).await
    }

    pub(in crate::store) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, StoreError> {
        let (work, result) = batchable(work);
        work.complete(write_with_retries(&self.pool, &*work).await);
        result.await.map_err(|_| StoreError::Panicked)?
    }

    pub(in crate::store) async fn write_batched<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, StoreError> {
        let (work, result) = batchable(work);
        self.batches.send(work).await?;
        result.await.map_err(|_| StoreError::CommitOutcomeUnknown)?
    }

    /// Runs one statement, which is a transaction by itself.
    pub(in crate::store) async fn write_one(&self, statement: Statement) -> Result<(), StoreError> {
        let Statement { sql, values, error_if_no_rows, .. } = statement;
        let connection = connection(&self.pool).await?;
        let prepared = connection.prepare_cached(sql).await.map_err(|error| refused(&error))?;
        let touched = connection.execute(&prepared, &parameters(&values)).await;
        match (touched.map_err(|error| refused(&error)), error_if_no_rows) {
            (Ok(0), Some(error)) => Err(error),
            (Err(StoreError::Unavailable(_)), _) => Err(StoreError::CommitOutcomeUnknown),
            (touched, _) => touched.map(drop),
        }
    }
}
