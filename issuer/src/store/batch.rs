//! Work that may share a transaction with other work, whose authors do not know of one another.

use std::any::TypeId;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::StoreError;
use super::database::{Transaction, Within};

/// A piece of work, and whoever waits for what comes of it. It may run more than once, so what it does beside the
/// transaction has to be nothing.
pub(super) trait Piece: Send + Sync {
    /// What it has in common with others that ask for the same statements: whose code it is.
    fn kind(&self) -> TypeId;

    /// Does it within a transaction, and keeps what came of it.
    fn run<'a>(&'a self, transaction: &'a mut dyn Transaction) -> Within<'a, ()>;

    /// Says how the transaction ended: what came of it is told if that was well.
    fn tell(&self, ended: Result<(), StoreError>);
}

struct Waited<W, T> {
    work: W,
    done: Mutex<Option<T>>,
    waits: Mutex<Option<oneshot::Sender<Result<T, StoreError>>>>,
}

/// A piece, and where what comes of it will be told.
pub(super) fn piece<T: Send + 'static>(
    work: impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static,
) -> (Arc<dyn Piece>, oneshot::Receiver<Result<T, StoreError>>) {
    let (waits, told) = oneshot::channel();
    let waits = Mutex::new(Some(waits));
    (Arc::new(Waited { work, done: Mutex::default(), waits }), told)
}

impl<W, T> Piece for Waited<W, T>
where
    W: for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static,
    T: Send + 'static,
{
    fn kind(&self) -> TypeId {
        TypeId::of::<W>()
    }

    fn run<'a>(&'a self, transaction: &'a mut dyn Transaction) -> Within<'a, ()> {
        Box::pin(async move {
            let done = (self.work)(transaction).await?;
            *self.done.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
            Ok(())
        })
    }

    fn tell(&self, ended: Result<(), StoreError>) {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner).take();
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner).take();
        let told = ended.and_then(|()| done.ok_or(StoreError::Panicked));
        if let Some(waits) = waits {
            // Whoever asked may have gone; what was committed stays so.
            let _ = waits.send(told);
        }
    }
}
