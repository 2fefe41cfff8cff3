//! The one thread that writes. What has queued up while it was busy is committed as one, each piece of work in a
//! savepoint of its own, so that one that fails takes no other with it. Nobody hears before the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use rusqlite::{Connection, params_from_iter};
use tokio::sync::{mpsc, oneshot};

use super::super::database::{Transaction, Within};
use super::super::rows::{Row, Statement, Value};
use super::{StoreError, refused};

/// Pieces of work that wait; more make their senders wait.
const QUEUE: usize = 1024;

/// Pieces of work in one commit at most: the first of them waits for the last.
const BATCH: usize = 256;

/// Tells whoever asked, once it is known whether the commit held.
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
type Work = Box<dyn FnOnce(&mut Connection) -> Reply + Send>;

pub(super) struct Writer {
    queue: mpsc::Sender<Work>,
}

impl Writer {
    /// The thread ends when the last sender is gone.
    pub(super) fn start(mut connection: Connection) -> Result<Self, StoreError> {
        let (queue, mut work) = mpsc::channel(QUEUE);
        let write = move || {
            while let Some(first) = work.blocking_recv() {
                let mut batch = vec![first];
                while batch.len() < BATCH
                    && let Ok(next) = work.try_recv()
                {
                    batch.push(next);
                }
                commit(&mut connection, batch);
            }
        };
        let thread = std::thread::Builder::new().name("store".into()).spawn(write);
        thread.map_err(|_| StoreError::Unavailable("no thread to write"))?;
        Ok(Self { queue })
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            let done = in_savepoint(connection, &work);
            Box::new(move |committed| {
                // Whoever asked may have gone; what was committed stays so.
                let _ = tell.send(committed.and(done));
            })
        });
        let gone = StoreError::Unavailable("the writer has ended");
        self.queue.send(work).await.map_err(|_| gone.clone())?;
        told.await.map_err(|_| StoreError::InDoubt)?
    }
}

fn commit(connection: &mut Connection, batch: Vec<Work>) {
    let begun = connection.execute_batch("BEGIN IMMEDIATE").map_err(refused);
    if let Err(error) = begun {
        // Work is not done, so there is no reply to give it to; a connection that cannot begin answers for all.
        for work in batch {
            work(connection)(Err(error.clone()));
        }
        return;
    }
    let replies: Vec<Reply> = batch.into_iter().map(|work| work(connection)).collect();
    // A full or failing disk makes SQLite roll back all of it by itself: then there is nothing to commit.
    let committed = if connection.is_autocommit() {
        Err(StoreError::Unavailable("the disk could not be written"))
    } else {
        connection.execute_batch("COMMIT").map_err(refused)
    };
    if committed.is_err() && !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    for reply in replies {
        reply(committed.clone());
    }
}

fn in_savepoint<T>(
    connection: &mut Connection,
    work: impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T>,
) -> Result<T, StoreError> {
    // Outside of a transaction nothing is done: one could not begin, or SQLite has ended it.
    if connection.is_autocommit() {
        return Err(StoreError::Unavailable("the disk could not be written"));
    }
    connection.execute_batch("SAVEPOINT work").map_err(refused)?;
    let mut transaction = InSavepoint(connection);
    let done = catch_unwind(AssertUnwindSafe(|| at_once(work(&mut transaction))));
    let done = done.unwrap_or(Err(StoreError::BrokeOff));
    let end = if done.is_ok() { "RELEASE work" } else { "ROLLBACK TO work; RELEASE work" };
    if !connection.is_autocommit() {
        connection.execute_batch(end).map_err(refused)?;
    }
    done
}

/// The result of a future that never waits, as all over SQLite are.
fn at_once<T>(mut future: Within<'_, T>) -> Result<T, StoreError> {
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => Err(StoreError::BrokeOff),
    }
}

struct InSavepoint<'a>(&'a mut Connection);

#[async_trait]
impl Transaction for InSavepoint<'_> {
    async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        super::rows(self.0, sql, values)
    }

    /// There is one writer, and it is this one.
    async fn lock(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        super::rows(self.0, sql, values)
    }

    async fn write(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        for Statement { sql, values, or } in statements {
            let mut statement = self.0.prepare_cached(sql).map_err(refused)?;
            let touched = statement.execute(params_from_iter(values)).map_err(refused)?;
            if let (0, Some(error)) = (touched, or) {
                return Err(error);
            }
        }
        Ok(())
    }
}
