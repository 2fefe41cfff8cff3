//! PostgreSQL: for more than one machine. A pool of connections; a row that is read to be changed is locked; a
//! transaction that conflicts with another runs again.
//!
//! | file | content |
//! |---|---|
//! | `address` | the server's address, with the parameters of libpq that the driver does not know |
//! | `dialler`, `tls`, `session` | how a connection is made: hosts in turn, TLS, settings |
//! | `connection` | one connection, with a deadline on all that is asked |
//! | `pool` | the pool, and the schema |
//! | `errors` | what the driver's errors mean |
//! | `pooling` | whether a pooler hands out connections by transaction |
//! | `values` | values on the wire |
//! | `statement_group` | statements of the same SQL text, sent as one |
//! | `transaction` | one transaction: what is asked in it at a time is sent at once |
//! | `retry` | a transaction that runs again after a conflict |
//! | `batch` | work of many callers in one transaction |
//! | `partitions` | partitions, made and taken away |

mod address;
mod batch;
mod connection;
mod dialler;
mod errors;
mod host_order;
mod partitions;
mod pool;
mod pooling;
mod retry;
mod session;
mod statement_group;
mod tls;
mod transaction;
mod values;

use std::time::Duration;

use deadpool::Status;
use tokio::time::timeout;

use super::batch::batchable;
use super::error::StoreError;
use super::pool_status::PoolStatus;
use super::sql::{Query, Row, Statement, Value};
use super::transaction::{Transaction, TransactionFuture};
pub(in crate::store) use address::PostgresAddress;
use batch::BatchScheduler;
use connection::Deadline;
use errors::NO_ANSWER;
pub(in crate::store) use partitions::{NewPartition, TRIES};
use pool::{Pool, connection, issuer_address, migrate, pool, release};
use pooling::refuse_transaction_pooling;
use retry::write_with_retries;
use transaction::PostgresTransaction;

/// How long a request waits for one piece of work, from when it asks: for its turn, for a connection, and for each try.
/// The time that each of these has by itself would add up to more than a request is promised to wait.
const WORK: Duration = Duration::from_secs(5);

pub(in crate::store) struct Postgres {
    pool: Pool,
    batches: BatchScheduler,
    pub(in crate::store) address: PostgresAddress,
}

impl Postgres {
    pub(in crate::store) async fn open(url: &str) -> Result<Self, StoreError> {
        let address = issuer_address(url)?;
        let pool = pool(&address)?;
        refuse_transaction_pooling(&pool).await?;
        migrate(&pool).await?;
        Ok(Self { batches: BatchScheduler::new(pool.clone()), pool, address })
    }

    pub(in crate::store) fn pool_status(&self) -> PoolStatus {
        let Status { max_size: most, size: open, available: idle, waiting } = self.pool.status();
        PoolStatus { most, open, idle, waiting }
    }

    pub(in crate::store) async fn rows(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.read(sql, values, Deadline::of_request);
        limit_wait(WORK, rows, StoreError::Unavailable(NO_ANSWER)).await
    }

    /// Runs one query that reads many rows.
    pub(in crate::store) async fn scan(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.read(sql, values, Deadline::of_scan).await
    }

    async fn read(
        &self,
        sql: &'static str,
        values: Vec<Value>,
        deadline: fn() -> Deadline,
    ) -> Result<Vec<Row>, StoreError> {
        let connection = connection(&self.pool).await?;
        let until = deadline();
        let read = async {
            let statement = connection.prepare(sql, until).await?;
            connection.query(&statement, &values, until).await
        };
        let rows = read.await;
        release(connection, rows)?.iter().map(values::row).collect()
    }

    pub(in crate::store) async fn query_all(
        &self,
        queries: Vec<Query>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let read = async {
            let mut transaction = PostgresTransaction::on(&self.pool).await?;
            let rows = transaction.query_all(queries).await;
            transaction.end(rows).await
        };
        limit_wait(WORK, read, StoreError::Unavailable(NO_ANSWER)).await
    }

    pub(in crate::store) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, StoreError> {
        let (work, result) = batchable(work);
        let write = async {
            work.complete(write_with_retries(&self.pool, &*work).await);
            result.await.map_err(|_| StoreError::Panicked)?
        };
        limit_wait(WORK, write, StoreError::CommitOutcomeUnknown).await
    }

    pub(in crate::store) async fn write_batched<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T>
        + Send
        + Sync
        + 'static,
    ) -> Result<T, StoreError> {
        let (work, result) = batchable(work);
        let write = async {
            self.batches.send(work).await?;
            result.await.map_err(|_| StoreError::CommitOutcomeUnknown)?
        };
        limit_wait(WORK, write, StoreError::CommitOutcomeUnknown).await
    }

    /// Runs one statement, which is a transaction by itself.
    pub(in crate::store) async fn write_one(&self, statement: Statement) -> Result<(), StoreError> {
        let executed = self.execute(statement, Deadline::of_request);
        limit_wait(WORK, executed, StoreError::CommitOutcomeUnknown).await
    }

    /// Runs one statement that touches many rows.
    pub(in crate::store) async fn write_many_rows(
        &self,
        statement: Statement,
    ) -> Result<(), StoreError> {
        self.execute(statement, Deadline::of_scan).await
    }

    async fn execute(
        &self,
        statement: Statement,
        deadline: fn() -> Deadline,
    ) -> Result<(), StoreError> {
        let Statement { sql, values, error_if_no_rows, .. } = statement;
        let connection = connection(&self.pool).await?;
        let until = deadline();
        let execute = async {
            let prepared = connection.prepare(sql, until).await?;
            connection.execute_and_commit(&prepared, &values, until).await
        };
        let touched = execute.await;
        match (release(connection, touched), error_if_no_rows) {
            (Ok(0), Some(error)) => Err(error),
            (touched, _) => touched.map(drop),
        }
    }
}

/// Waits so long for work, then for no more of it. A connection with an answer still to come is closed.
async fn limit_wait<T>(
    time: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
    otherwise: StoreError,
) -> Result<T, StoreError> {
    timeout(time, work).await.unwrap_or(Err(otherwise))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_never_ends_is_given_up() {
        let never = std::future::pending::<Result<(), StoreError>>();
        let given_up = limit_wait(Duration::ZERO, never, StoreError::CommitOutcomeUnknown).await;
        assert_eq!(given_up, Err(StoreError::CommitOutcomeUnknown));
    }
}
