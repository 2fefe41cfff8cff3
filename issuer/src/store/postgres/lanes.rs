//! Work of many in one transaction. Whoever asks waits in the queue of his kind; its lanes take from it all that is there
//! by then and do it in step: each piece goes on until it asks for something, and what all of them ask for goes to the
//! server as one. If one of them fails, nothing of it was done, and each runs by itself.

use std::any::TypeId;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use deadpool_postgres::Pool;
use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::sync::mpsc;

use super::super::batch::Piece;
use super::super::database::Transaction;
use super::super::sql::{Read, Row, Statement};
use super::transaction::InTransaction;
use super::{StoreError, connection, write};

/// Transactions of one kind at a time: while one waits for the server, or for a lock, another goes on.
const LANES: usize = 2;

/// Pieces in one transaction at most: the first of them waits for the last.
const MOST: usize = 128;

/// Pieces that wait; more make their senders wait.
const QUEUE: usize = 1024;

/// Work of one kind asks for the same statements, so each kind has lanes of its own.
pub(super) struct Lanes {
    pool: Pool,
    queues: Mutex<HashMap<TypeId, mpsc::Sender<Arc<dyn Piece>>>>,
}

impl Lanes {
    /// They begin with the first of their kind, and end with this.
    pub(super) fn on(pool: Pool) -> Self {
        Self { pool, queues: Mutex::default() }
    }

    pub(super) async fn send(&self, piece: Arc<dyn Piece>) -> Result<(), StoreError> {
        let gone = StoreError::Unavailable("the batch scheduler has stopped");
        self.queue(piece.kind()).send(piece).await.map_err(|_| gone)
    }

    fn queue(&self, kind: TypeId) -> mpsc::Sender<Arc<dyn Piece>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let start = || {
            let (queue, waiting) = mpsc::channel(QUEUE);
            let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
            for _ in 0..LANES {
                tokio::spawn(lane(self.pool.clone(), Arc::clone(&waiting)));
            }
            queue
        };
        queues.entry(kind).or_insert_with(start).clone()
    }
}

type Waiting = Arc<tokio::sync::Mutex<mpsc::Receiver<Arc<dyn Piece>>>>;

async fn lane(pool: Pool, waiting: Waiting) {
    loop {
        let pieces = next(&waiting).await;
        match pieces.as_slice() {
            [] => return,
            [piece] => alone(&pool, &**piece).await,
            pieces => together(&pool, pieces).await,
        }
    }
}

/// What waits. Those who were told at the same moment that they can go on ask one after the other: the first of them
/// lets the others run before he goes on, or he would go alone.
async fn next(waiting: &Waiting) -> Vec<Arc<dyn Piece>> {
    let mut waiting = waiting.lock().await;
    let mut pieces = Vec::new();
    waiting.recv_many(&mut pieces, MOST).await;
    tokio::task::yield_now().await;
    while pieces.len() < MOST
        && let Ok(piece) = waiting.try_recv()
    {
        pieces.push(piece);
    }
    pieces
}

async fn alone(pool: &Pool, piece: &dyn Piece) {
    let done = AssertUnwindSafe(write(pool, piece)).catch_unwind().await;
    piece.tell(done.unwrap_or(Err(StoreError::Panicked)));
}

async fn together(pool: &Pool, pieces: &[Arc<dyn Piece>]) {
    let done = AssertUnwindSafe(try_together(pool, pieces)).catch_unwind().await;
    match done.unwrap_or(Err(StoreError::Panicked)) {
        // Done; or there is no server to ask again, or nobody knows.
        done @ (Ok(()) | Err(StoreError::Unavailable(_) | StoreError::CommitOutcomeUnknown)) => {
            for piece in pieces {
                piece.tell(done.clone());
            }
        }
        Err(_) => drop(join_all(pieces.iter().map(|piece| alone(pool, &**piece))).await),
    }
}

async fn try_together(pool: &Pool, pieces: &[Arc<dyn Piece>]) -> Result<(), StoreError> {
    let mut transaction = InTransaction::on(connection(pool).await?);
    let done = in_step(&mut transaction, pieces).await;
    transaction.end(done).await
}

async fn in_step(
    transaction: &mut InTransaction,
    pieces: &[Arc<dyn Piece>],
) -> Result<(), StoreError> {
    let mut seats: Vec<Seat> = pieces.iter().map(|_| Seat::default()).collect();
    let talks: Vec<Talk> = seats.iter().map(|seat| Arc::clone(&seat.0)).collect();
    let mut running: Vec<_> =
        pieces.iter().zip(&mut seats).map(|(piece, seat)| Some(piece.run(seat))).collect();
    loop {
        for slot in &mut running {
            // A piece waits for nothing but its transaction.
            let polled = slot
                .as_mut()
                .map(|piece| piece.as_mut().poll(&mut Context::from_waker(Waker::noop())));
            if let Some(Poll::Ready(done)) = polled {
                done?;
                *slot = None;
            }
        }
        if running.iter().all(Option::is_none) {
            return Ok(());
        }
        // Who writes waits until nobody reads any more, and who ends until nobody does anything else: then all of it is
        // written at once.
        let is_answered = answer_reads(transaction, &talks).await?
            || answer_writes(transaction, &talks, When::BeforeTheEnd).await?
            || answer_writes(transaction, &talks, When::AtTheEnd).await?;
        if !is_answered {
            return Err(StoreError::Panicked);
        }
    }
}

/// Whether anybody asked.
async fn answer_reads(transaction: &mut InTransaction, talks: &[Talk]) -> Result<bool, StoreError> {
    let (mut asked, mut who) = (Vec::new(), Vec::new());
    for talk in talks {
        if let Some(reads) = take(talk, |said| match said {
            Said::Reads(reads) => Ok(reads),
            other => Err(other),
        }) {
            who.push((talk, reads.len()));
            asked.extend(reads);
        }
    }
    if who.is_empty() {
        return Ok(false);
    }
    let mut rows = transaction.read(asked).await?.into_iter();
    for (talk, count) in who {
        say(talk, Said::Rows(rows.by_ref().take(count).collect()));
    }
    Ok(true)
}

/// Whether anybody asked.
async fn answer_writes(
    transaction: &mut InTransaction,
    talks: &[Talk],
    wanted: When,
) -> Result<bool, StoreError> {
    let (mut asked, mut who) = (Vec::new(), Vec::new());
    for talk in talks {
        if let Some(statements) = take(talk, |said| match said {
            Said::Statements(statements, when) if when == wanted => Ok(statements),
            other => Err(other),
        }) {
            who.push(talk);
            asked.extend(statements);
        }
    }
    if who.is_empty() {
        return Ok(false);
    }
    match wanted {
        When::BeforeTheEnd => transaction.write(asked).await?,
        When::AtTheEnd => transaction.finish_many(asked).await?,
    }
    for talk in who {
        say(talk, Said::Written);
    }
    Ok(true)
}

/// What a piece and its lane have to say to each other, one at a time.
enum Said {
    Reads(Vec<Read>),
    Rows(Vec<Vec<Row>>),
    Statements(Vec<Statement>, When),
    Written,
}

/// When something is to be written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    BeforeTheEnd,
    AtTheEnd,
}

type Talk = Arc<Mutex<Option<Said>>>;

fn say(talk: &Talk, what: Said) {
    *talk.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
}

/// What was said, if it is what one wants to hear; else it stays said.
fn take<T>(talk: &Talk, wanted: impl FnOnce(Said) -> Result<T, Said>) -> Option<T> {
    let mut said = talk.lock().unwrap_or_else(PoisonError::into_inner);
    match wanted(said.take()?) {
        Ok(it) => Some(it),
        Err(other) => {
            *said = Some(other);
            None
        }
    }
}

/// The place of one piece in a transaction of many.
#[derive(Default)]
struct Seat(Talk);

impl Seat {
    async fn hear<T>(&self, wanted: impl Fn(Said) -> Result<T, Said>) -> T {
        let heard = |_: &mut Context<'_>| match take(&self.0, &wanted) {
            Some(it) => Poll::Ready(it),
            None => Poll::Pending,
        };
        std::future::poll_fn(heard).await
    }

    async fn writes(&self, statements: Vec<Statement>, when: When) {
        say(&self.0, Said::Statements(statements, when));
        let written = |said| match said {
            Said::Written => Ok(()),
            other => Err(other),
        };
        self.hear(written).await;
    }
}

#[async_trait]
impl Transaction for Seat {
    async fn read(&mut self, reads: Vec<Read>) -> Result<Vec<Vec<Row>>, StoreError> {
        say(&self.0, Said::Reads(reads));
        let rows = |said| match said {
            Said::Rows(rows) => Ok(rows),
            other => Err(other),
        };
        Ok(self.hear(rows).await)
    }

    async fn write(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.writes(statements, When::BeforeTheEnd).await;
        Ok(())
    }

    async fn finish(&mut self, statements: Vec<Statement>) -> Result<(), StoreError> {
        self.writes(statements, When::AtTheEnd).await;
        Ok(())
    }
}
