//! Queues of batchable work. Work waits in the queue of its kind; all that has gathered there runs in one transaction.
//! If one of a batch fails, nothing of it was done, and each runs in a transaction of its own.

use std::any::TypeId;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::sync::mpsc;

use super::super::super::batch::BatchableWork;
use super::super::super::error::StoreError;
use super::super::errors::{NO_ANSWER, is_of_server};
use super::super::pool::Pool;
use super::super::retry::write_with_retries;
use super::super::transaction::PostgresTransaction;
use super::step::run_in_step;

/// Batches of one kind at a time: while one waits for the server, or for a lock, another goes on.
const CONCURRENT_BATCHES: usize = 2;

/// Work in one transaction at most: the first waits for the last.
const MAX_BATCH: usize = 128;

/// Work that may be queued; more makes its senders wait.
const QUEUE: usize = 1024;

/// Runs batchable work. Work of one kind sends the same statements, so each kind has a queue of its own.
pub(in super::super) struct BatchScheduler {
    pool: Pool,
    queues: Mutex<HashMap<TypeId, mpsc::Sender<Arc<dyn BatchableWork>>>>,
}

impl BatchScheduler {
    /// Makes a scheduler. The tasks of a queue start with the first work of its kind, and end with the scheduler.
    pub(in super::super) fn new(pool: Pool) -> Self {
        Self { pool, queues: Mutex::default() }
    }

    pub(in super::super) async fn send(
        &self,
        work: Arc<dyn BatchableWork>,
    ) -> Result<(), StoreError> {
        let ended = StoreError::Unavailable("the batch scheduler has stopped");
        self.queue(work.kind()).send(work).await.map_err(|_| ended)
    }

    fn queue(&self, kind: TypeId) -> mpsc::Sender<Arc<dyn BatchableWork>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let start = || {
            let (sender, receiver) = mpsc::channel(QUEUE);
            let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
            for _ in 0..CONCURRENT_BATCHES {
                tokio::spawn(run_batches(self.pool.clone(), Arc::clone(&receiver)));
            }
            sender
        };
        queues.entry(kind).or_insert_with(start).clone()
    }
}

type Queue = Arc<tokio::sync::Mutex<mpsc::Receiver<Arc<dyn BatchableWork>>>>;

async fn run_batches(pool: Pool, queue: Queue) {
    loop {
        let batch = next_batch(&queue).await;
        let result = match batch.as_slice() {
            [] => return,
            [work] => run_alone(&pool, &**work).await,
            batch => run_batch(&pool, batch).await,
        };
        if result.is_err_and(|error| is_of_server(&error)) {
            refuse_waiting(&queue);
        }
    }
}

/// Ends what waits behind work that the server was silent to: it would wait as long once more, and has waited already.
fn refuse_waiting(queue: &Queue) {
    // Whoever else holds the queue found it empty.
    let Ok(mut queue) = queue.try_lock() else { return };
    while let Ok(work) = queue.try_recv() {
        work.complete(Err(StoreError::Unavailable(NO_ANSWER)));
    }
}

/// Takes what is queued. Callers that were answered at the same moment send their next work one after the other: this
/// lets the others run after the first, which would go alone otherwise.
async fn next_batch(queue: &Queue) -> Vec<Arc<dyn BatchableWork>> {
    let mut queue = queue.lock().await;
    let mut batch = Vec::new();
    queue.recv_many(&mut batch, MAX_BATCH).await;
    tokio::task::yield_now().await;
    while batch.len() < MAX_BATCH
        && let Ok(work) = queue.try_recv()
    {
        batch.push(work);
    }
    batch
}

async fn run_alone(pool: &Pool, work: &dyn BatchableWork) -> Result<(), StoreError> {
    let result = AssertUnwindSafe(write_with_retries(pool, work)).catch_unwind().await;
    let result = result.unwrap_or(Err(StoreError::Panicked));
    work.complete(result.clone());
    result
}

async fn run_batch(pool: &Pool, batch: &[Arc<dyn BatchableWork>]) -> Result<(), StoreError> {
    let result = AssertUnwindSafe(try_batch(pool, batch)).catch_unwind().await;
    let result = result.unwrap_or(Err(StoreError::Panicked));
    // Committed; or there is no server to ask again, or nobody knows.
    if let Ok(()) | Err(StoreError::Unavailable(_) | StoreError::CommitOutcomeUnknown) = result {
        for work in batch {
            work.complete(result.clone());
        }
        return result;
    }
    let each = join_all(batch.iter().map(|work| run_alone(pool, &**work))).await;
    each.into_iter().find(|result| result.as_ref().is_err_and(is_of_server)).unwrap_or(Ok(()))
}

async fn try_batch(pool: &Pool, batch: &[Arc<dyn BatchableWork>]) -> Result<(), StoreError> {
    let mut transaction = PostgresTransaction::on(pool).await?;
    let result = run_in_step(&mut transaction, batch).await;
    transaction.end(result).await
}
