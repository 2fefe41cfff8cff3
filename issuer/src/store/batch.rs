//! Work of independent callers that may share one transaction.

use std::any::TypeId;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::error::StoreError;
use super::transaction::{Transaction, TransactionFuture};

/// Work that may share a transaction with others, and the caller that waits for its result. It may run more than once,
/// so it must have no effect outside the transaction.
pub(super) trait BatchableWork: Send + Sync {
    /// Identifies the code that runs: work of one kind sends the same statements.
    fn kind(&self) -> TypeId;

    /// Runs within a transaction, and keeps the result.
    fn run<'a>(&'a self, transaction: &'a mut dyn Transaction) -> TransactionFuture<'a, ()>;

    /// Sends the caller the result, or the error that the transaction ended with.
    fn complete(&self, ended: Result<(), StoreError>);
}

struct PendingWork<W, T> {
    work: W,
    result: Mutex<Option<T>>,
    caller: Mutex<Option<oneshot::Sender<Result<T, StoreError>>>>,
}

/// Makes work batchable; gives also the receiver of its result.
pub(super) fn batchable<T: Send + 'static>(
    work: impl for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T> + Send + Sync + 'static,
) -> (Arc<dyn BatchableWork>, oneshot::Receiver<Result<T, StoreError>>) {
    let (caller, receiver) = oneshot::channel();
    let caller = Mutex::new(Some(caller));
    (Arc::new(PendingWork { work, result: Mutex::default(), caller }), receiver)
}

impl<W, T> BatchableWork for PendingWork<W, T>
where
    W: for<'a> Fn(&'a mut dyn Transaction) -> TransactionFuture<'a, T> + Send + Sync + 'static,
    T: Send + 'static,
{
    fn kind(&self) -> TypeId {
        TypeId::of::<W>()
    }

    fn run<'a>(&'a self, transaction: &'a mut dyn Transaction) -> TransactionFuture<'a, ()> {
        Box::pin(async move {
            let result = (self.work)(transaction).await?;
            *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            Ok(())
        })
    }

    fn complete(&self, ended: Result<(), StoreError>) {
        let result = self.result.lock().unwrap_or_else(PoisonError::into_inner).take();
        let caller = self.caller.lock().unwrap_or_else(PoisonError::into_inner).take();
        let outcome = ended.and_then(|()| result.ok_or(StoreError::Panicked));
        if let Some(caller) = caller {
            // The caller may have gone; what was committed stays committed.
            let _ = caller.send(outcome);
        }
    }
}
