//! The one thread that writes. What was queued while it was busy is committed as one transaction; work that fails takes
//! no other with it. No caller gets an answer before the commit.
//!
//! Work that may run again runs first and without a savepoint, for which SQLite would copy each page before it changes
//! it: nearly always all of it succeeds. If not, the transaction is rolled back and each runs again in a savepoint of
//! its own, as all other work does from the start.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use rusqlite::{Connection, params_from_iter};
use tokio::sync::mpsc;

use super::super::batch::{BatchableWork, batchable};
use super::super::error::StoreError;
use super::super::sql::{Query, Row, Statement};
use super::super::transaction::{Transaction, TransactionFuture};
use super::checkpoints::Checkpointer;
use super::connection::{refused, rows};

/// Work that may be queued; more makes its senders wait.
const QUEUE: usize = 1024;

/// Work in one commit at most: the first waits for the last.
const MAX_BATCH: usize = 256;

struct QueuedWork {
    work: Arc<dyn BatchableWork>,
    /// Whether it may run again after it succeeded, because others of its transaction failed.
    may_rerun: bool,
}

pub(super) struct Writer {
    queue: mpsc::Sender<QueuedWork>,
}

impl Writer {
    /// Starts the thread, which ends when the last sender is dropped.
    pub(super) fn start(
        mut connection: Connection,
        checkpointer: Checkpointer,
    ) -> Result<Self, StoreError> {
        let (queue, mut queued) = mpsc::channel(QUEUE);
        let write = move || {
            while let Some(first) = queued.blocking_recv() {
                let mut batch = vec![first];
                while batch.len() < MAX_BATCH
                    && let Ok(next) = queued.try_recv()
                {
                    batch.push(next);
                }
                commit(&mut connection, batch);
                checkpointer.notify_commit();
                checkpointer.checkpoint_if_long(&connection);
            }
        };
        let thread = std::thread::Builder::new().name("store".into()).spawn(write);
        thread.map_err(|_| StoreError::Unavailable("no thread to write"))?;
        Ok(Self { queue })
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T>
        + Send
        + Sync
        + 'static,
        may_rerun: bool,
    ) -> Result<T, StoreError> {
        let (work, result) = batchable(work);
        let ended = StoreError::Unavailable("the writer thread has stopped");
        self.queue.send(QueuedWork { work, may_rerun }).await.map_err(|_| ended)?;
        result.await.map_err(|_| StoreError::CommitOutcomeUnknown)?
    }
}

fn commit(connection: &mut Connection, batch: Vec<QueuedWork>) {
    let (shared, others): (Vec<_>, Vec<_>) = batch.into_iter().partition(|queued| queued.may_rerun);
    let all: Vec<_> = shared.iter().chain(&others).map(|queued| &*queued.work).collect();
    let (shared, others) = all.split_at(shared.len());
    let begun = execute(connection, "BEGIN IMMEDIATE")
        .and_then(|()| run_without_savepoint(connection, shared));
    let mut results = match begun {
        Ok(true) => vec![Ok(()); shared.len()],
        Ok(false) => shared.iter().map(|work| run_in_savepoint(connection, *work)).collect(),
        // Without a transaction nothing was done.
        Err(error) => return all.iter().for_each(|work| work.complete(Err(error.clone()))),
    };
    results.extend(others.iter().map(|work| run_in_savepoint(connection, *work)));
    // A full or failing disk makes SQLite roll back by itself: then there is nothing to commit.
    let committed = if connection.is_autocommit() {
        Err(StoreError::Unavailable("the disk could not be written"))
    } else {
        execute(connection, "COMMIT")
    };
    if committed.is_err() && !connection.is_autocommit() {
        let _ = execute(connection, "ROLLBACK");
    }
    for (work, result) in all.iter().zip(results) {
        work.complete(committed.clone().and(result));
    }
}

/// Gives whether all succeeded. If not, nothing was done, and a transaction has begun again.
fn run_without_savepoint(
    connection: &mut Connection,
    batch: &[&dyn BatchableWork],
) -> Result<bool, StoreError> {
    if run(connection, batch).is_ok() {
        return Ok(true);
    }
    if !connection.is_autocommit() {
        execute(connection, "ROLLBACK")?;
    }
    execute(connection, "BEGIN IMMEDIATE").map(|()| false)
}

fn run_in_savepoint(
    connection: &mut Connection,
    work: &dyn BatchableWork,
) -> Result<(), StoreError> {
    // Outside of a transaction nothing is done: none could begin, or SQLite has ended it.
    if connection.is_autocommit() {
        return Err(StoreError::Unavailable("the disk could not be written"));
    }
    execute(connection, "SAVEPOINT work")?;
    let result = run(connection, &[work]);
    if !connection.is_autocommit() {
        if result.is_err() {
            execute(connection, "ROLLBACK TO work")?;
        }
        execute(connection, "RELEASE work")?;
    }
    result
}

/// Runs one after the other, up to the first that fails.
fn run(connection: &mut Connection, batch: &[&dyn BatchableWork]) -> Result<(), StoreError> {
    let mut transaction = SqliteTransaction(connection);
    let run = || batch.iter().try_for_each(|work| poll_once(work.run(&mut transaction)));
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(StoreError::Panicked))
}

/// Executes a statement without values, which stays prepared: each work has some of them.
fn execute(connection: &Connection, sql: &'static str) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(refused)?;
    statement.execute([]).map(drop).map_err(refused)
}

/// Gives the result of a future that never waits, as none on SQLite does.
fn poll_once<T>(mut future: TransactionFuture<'_, T>) -> Result<T, StoreError> {
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(StoreError::Panicked),
    }
}

struct SqliteTransaction<'a>(&'a mut Connection);

#[async_trait]
impl Transaction for SqliteTransaction<'_> {
    /// Locks nothing: this is the only writer.
    async fn query_all(&mut self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, StoreError> {
        queries.into_iter().map(|query| rows(self.0, query.sql, query.values)).collect()
    }

    async fn write(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        for Statement { sql, values, error_if_no_rows, .. } in statements {
            let mut statement = self.0.prepare_cached(sql).map_err(refused)?;
            let touched = statement.execute(params_from_iter(values)).map_err(refused)?;
            if let (0, Some(error)) = (touched, error_if_no_rows) {
                return Err(error);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sql::values;
    use super::*;

    fn add(number: i64) -> Statement {
        Statement::new("INSERT INTO numbers (number) VALUES ($1)", values![number])
    }

    fn fail() -> Statement {
        Statement::new("DELETE FROM numbers WHERE number = 0", values![])
            .error_if_no_rows(StoreError::VersionConflict)
    }

    /// What work writes, and whether it panics then.
    type Writes = (fn() -> Vec<Statement>, bool);

    /// Commits a batch; gives the results, and the numbers in the table.
    fn commit_batch(
        batch: [Writes; 5],
        may_rerun: bool,
    ) -> (Vec<Result<(), StoreError>>, Vec<i64>) {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE numbers (number INTEGER PRIMARY KEY)").unwrap();
        let (batch, receivers): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|(statements, panics)| {
                let (work, result) = batchable(move |transaction| {
                    Box::pin(async move {
                        transaction.write(statements()).await?;
                        assert!(!panics, "internal error");
                        Ok(())
                    })
                });
                (QueuedWork { work, may_rerun }, result)
            })
            .unzip();
        commit(&mut connection, batch);
        let results =
            receivers.into_iter().map(|receiver| receiver.blocking_recv().unwrap()).collect();
        let mut query = connection.prepare("SELECT number FROM numbers ORDER BY number").unwrap();
        let numbers = query.query_map([], |row| row.get::<_, i64>(0)).unwrap();
        (results, numbers.collect::<Result<Vec<_>, _>>().unwrap())
    }

    #[test]
    fn work_that_fails_takes_no_other_with_it() {
        let failed = Err(StoreError::VersionConflict);
        for may_rerun in [false, true] {
            let (results, numbers) = commit_batch(
                [
                    (|| vec![add(1)], false),
                    (|| vec![fail(), add(2)], false),
                    (|| vec![add(3), fail()], false),
                    (|| vec![add(4)], true),
                    (|| vec![add(5)], false),
                ],
                may_rerun,
            );
            let expected =
                [Ok(()), failed.clone(), failed.clone(), Err(StoreError::Panicked), Ok(())];
            assert_eq!(results, expected, "{may_rerun}");
            assert_eq!(numbers, [1, 5], "{may_rerun}");
        }
    }

    #[test]
    fn work_that_may_run_again_is_done_once() {
        let add_one =
            || vec![Statement::new("INSERT INTO numbers (number) VALUES (NULL)", values![])];
        let (results, numbers) = commit_batch([(add_one as fn() -> _, false); 5], true);
        assert_eq!(results, [const { Ok(()) }; 5]);
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
    }
}
