//! The one thread that writes. What has queued up while it was busy is committed as one; a piece of work that fails takes
//! no other with it. Nobody hears before the commit.
//!
//! Pieces that may run again run first and without a savepoint, for which SQLite would copy each page before it changes it:
//! nearly always all of them go well. If not, the transaction is rolled back and each of them begins anew in a savepoint
//! of its own, which is how the others run from the start.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use rusqlite::{Connection, params_from_iter};
use tokio::sync::mpsc;

use super::super::batch::{Piece, piece};
use super::super::database::{Transaction, Within};
use super::super::sql::{Read, Row, Statement};
use super::checkpoints::Checkpoints;
use super::{StoreError, refused};

/// Pieces of work that wait; more make their senders wait.
const QUEUE: usize = 1024;

/// Pieces of work in one commit at most: the first of them waits for the last.
const BATCH: usize = 256;

struct Queued {
    piece: Arc<dyn Piece>,
    /// Whether it may run again after it went well: others of its transaction did not.
    again: bool,
}

pub(super) struct Writer {
    queue: mpsc::Sender<Queued>,
}

impl Writer {
    /// The thread ends when the last sender is gone.
    pub(super) fn start(
        mut connection: Connection,
        checkpoints: Checkpoints,
    ) -> Result<Self, StoreError> {
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
                checkpoints.committed();
                checkpoints.shorten(&connection);
            }
        };
        let thread = std::thread::Builder::new().name("store".into()).spawn(write);
        thread.map_err(|_| StoreError::Unavailable("no thread to write"))?;
        Ok(Self { queue })
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static,
        again: bool,
    ) -> Result<T, StoreError> {
        let (piece, told) = piece(work);
        let gone = StoreError::Unavailable("the writer thread has stopped");
        self.queue.send(Queued { piece, again }).await.map_err(|_| gone)?;
        told.await.map_err(|_| StoreError::CommitOutcomeUnknown)?
    }
}

fn commit(connection: &mut Connection, batch: Vec<Queued>) {
    let (shared, others): (Vec<_>, Vec<_>) = batch.into_iter().partition(|queued| queued.again);
    let pieces: Vec<_> = shared.iter().chain(&others).map(|queued| &*queued.piece).collect();
    let (shared, others) = pieces.split_at(shared.len());
    let began =
        just(connection, "BEGIN IMMEDIATE").and_then(|()| without_savepoint(connection, shared));
    let mut done = match began {
        Ok(true) => vec![Ok(()); shared.len()],
        Ok(false) => shared.iter().map(|piece| in_savepoint(connection, *piece)).collect(),
        // A connection that cannot begin answers for all.
        Err(error) => return pieces.iter().for_each(|piece| piece.tell(Err(error.clone()))),
    };
    done.extend(others.iter().map(|piece| in_savepoint(connection, *piece)));
    // A full or failing disk makes SQLite roll back all of it by itself: then there is nothing to commit.
    let committed = if connection.is_autocommit() {
        Err(StoreError::Unavailable("the disk could not be written"))
    } else {
        just(connection, "COMMIT")
    };
    if committed.is_err() && !connection.is_autocommit() {
        let _ = just(connection, "ROLLBACK");
    }
    for (piece, done) in pieces.iter().zip(done) {
        piece.tell(committed.clone().and(done));
    }
}

/// Whether all of them went well. If not, nothing of them was done, and a transaction has begun again.
fn without_savepoint(
    connection: &mut Connection,
    pieces: &[&dyn Piece],
) -> Result<bool, StoreError> {
    if run(connection, pieces).is_ok() {
        return Ok(true);
    }
    if !connection.is_autocommit() {
        just(connection, "ROLLBACK")?;
    }
    just(connection, "BEGIN IMMEDIATE").map(|()| false)
}

fn in_savepoint(connection: &mut Connection, piece: &dyn Piece) -> Result<(), StoreError> {
    // Outside of a transaction nothing is done: one could not begin, or SQLite has ended it.
    if connection.is_autocommit() {
        return Err(StoreError::Unavailable("the disk could not be written"));
    }
    just(connection, "SAVEPOINT work")?;
    let done = run(connection, &[piece]);
    if !connection.is_autocommit() {
        if done.is_err() {
            just(connection, "ROLLBACK TO work")?;
        }
        just(connection, "RELEASE work")?;
    }
    done
}

/// One after the other, up to the first that fails.
fn run(connection: &mut Connection, pieces: &[&dyn Piece]) -> Result<(), StoreError> {
    let mut transaction = InTransaction(connection);
    let run = || pieces.iter().try_for_each(|piece| at_once(piece.run(&mut transaction)));
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(StoreError::Panicked))
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
        Poll::Pending => Err(StoreError::Panicked),
    }
}

struct InTransaction<'a>(&'a mut Connection);

#[async_trait]
impl Transaction for InTransaction<'_> {
    /// There is one writer, and it is this one: nothing has to be locked.
    async fn read(&mut self, reads: Vec<Read>) -> Result<Vec<Vec<Row>>, StoreError> {
        let rows = |read: Read| super::rows(self.0, read.sql, read.values);
        reads.into_iter().map(rows).collect()
    }

    async fn write(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        for Statement { sql, values, or, .. } in statements {
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
    use super::super::super::sql::values;
    use super::*;

    fn add(number: i64) -> Statement {
        Statement::new("INSERT INTO numbers (number) VALUES ($1)", values![number])
    }

    fn fails() -> Statement {
        Statement::new("DELETE FROM numbers WHERE number = 0", values![])
            .or(StoreError::VersionConflict)
    }

    /// What a piece writes, and whether it panics then.
    type Writes = (fn() -> Vec<Statement>, bool);

    /// What the pieces were told, and the numbers that are there then.
    fn after(pieces: [Writes; 5], again: bool) -> (Vec<Result<(), StoreError>>, Vec<i64>) {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE numbers (number INTEGER PRIMARY KEY)").unwrap();
        let (batch, told): (Vec<_>, Vec<_>) = pieces
            .into_iter()
            .map(|(statements, panics)| {
                let (piece, told) = piece(move |transaction| {
                    Box::pin(async move {
                        transaction.write(statements()).await?;
                        assert!(!panics, "internal error");
                        Ok(())
                    })
                });
                (Queued { piece, again }, told)
            })
            .unzip();
        commit(&mut connection, batch);
        let told = told.into_iter().map(|told| told.blocking_recv().unwrap()).collect();
        let mut numbers = connection.prepare("SELECT number FROM numbers ORDER BY number").unwrap();
        let numbers = numbers.query_map([], |row| row.get::<_, i64>(0)).unwrap();
        (told, numbers.collect::<Result<Vec<_>, _>>().unwrap())
    }

    #[test]
    fn a_piece_of_work_that_fails_takes_no_other_with_it() {
        let failed = Err(StoreError::VersionConflict);
        for again in [false, true] {
            let (told, numbers) = after(
                [
                    (|| vec![add(1)], false),
                    (|| vec![fails(), add(2)], false),
                    (|| vec![add(3), fails()], false),
                    (|| vec![add(4)], true),
                    (|| vec![add(5)], false),
                ],
                again,
            );
            let expected =
                [Ok(()), failed.clone(), failed.clone(), Err(StoreError::Panicked), Ok(())];
            assert_eq!(told, expected, "{again}");
            assert_eq!(numbers, [1, 5], "{again}");
        }
    }

    #[test]
    fn pieces_that_may_run_again_are_done_once() {
        let add_one =
            || vec![Statement::new("INSERT INTO numbers (number) VALUES (NULL)", values![])];
        let (told, numbers) = after([(add_one as fn() -> _, false); 5], true);
        assert_eq!(told, [const { Ok(()) }; 5]);
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
    }
}
