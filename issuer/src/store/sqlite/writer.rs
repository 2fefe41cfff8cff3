//! The one thread that writes. What has queued up while it was busy is committed as one, each piece of work in a
//! savepoint of its own, so that one that fails takes no other with it. Nobody hears before the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use rusqlite::{Connection, params_from_iter};
use tokio::sync::{mpsc, oneshot};

use super::super::database::{Transaction, Within};
use super::super::rows::{Read, Row, Statement};
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
    let begun = just(connection, "BEGIN IMMEDIATE");
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
        just(connection, "COMMIT")
    };
    if committed.is_err() && !connection.is_autocommit() {
        let _ = just(connection, "ROLLBACK");
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
    just(connection, "SAVEPOINT work")?;
    let mut transaction = InSavepoint(connection);
    let done = catch_unwind(AssertUnwindSafe(|| at_once(work(&mut transaction))));
    let done = done.unwrap_or(Err(StoreError::BrokeOff));
    if !connection.is_autocommit() {
        if done.is_err() {
            just(connection, "ROLLBACK TO work")?;
        }
        just(connection, "RELEASE work")?;
    }
    done
}

/// A statement without values, kept prepared: of these there are as many as pieces of work.
fn just(connection: &Connection, sql: &'static str) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(refused)?;
    statement.execute([]).map(drop).map_err(refused)
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
    /// There is one writer, and it is this one: nothing has to be locked.
    async fn read(&mut self, reads: Vec<Read>) -> Result<Vec<Vec<Row>>, StoreError> {
        let rows = |read: Read| super::rows(self.0, read.sql, read.values);
        reads.into_iter().map(rows).collect()
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

#[cfg(test)]
mod tests {
    use super::super::super::rows::values;
    use super::*;

    fn add(number: i64) -> Statement {
        Statement::new("INSERT INTO numbers (number) VALUES ($1)", values![number])
    }

    fn fails() -> Statement {
        Statement::new("DELETE FROM numbers WHERE number = 0", values![]).or(StoreError::Moved)
    }

    #[test]
    fn a_piece_of_work_that_fails_takes_no_other_with_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE numbers (number INTEGER PRIMARY KEY)").unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let piece = |statements: fn() -> Vec<Statement>, panics: bool| -> Work {
            let tell = tell.clone();
            let work = move |transaction: &mut dyn Transaction| {
                at_once(transaction.write(statements()))?;
                assert!(!panics, "a fault of ours");
                Ok(())
            };
            Box::new(move |connection| {
                let done = in_savepoint(connection, |transaction| {
                    let done = work(transaction);
                    Box::pin(std::future::ready(done))
                });
                Box::new(move |committed| tell.send(committed.and(done)).unwrap())
            })
        };
        let batch = vec![
            piece(|| vec![add(1)], false),
            piece(|| vec![fails(), add(2)], false),
            piece(|| vec![add(3), fails()], false),
            piece(|| vec![add(4)], true),
            piece(|| vec![add(5)], false),
        ];
        commit(&mut connection, batch);
        let failed = Err(StoreError::Moved);
        let expected = [Ok(()), failed.clone(), failed, Err(StoreError::BrokeOff), Ok(())];
        assert_eq!(told.try_iter().collect::<Vec<_>>(), expected);
        let mut numbers = connection.prepare("SELECT number FROM numbers ORDER BY number").unwrap();
        let numbers = numbers.query_map([], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(numbers.collect::<Result<Vec<_>, _>>().unwrap(), [1, 5]);
    }
}
