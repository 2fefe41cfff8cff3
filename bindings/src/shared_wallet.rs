//! The open wallet that all handles share, and the place where panics end.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard};

use tegata::{Clock, UnixTime};

use crate::WalletError;

/// An open wallet, or `None` once it was closed, and its clock.
pub(crate) struct SharedWallet {
    wallet: Mutex<Option<tegata::Wallet>>,
    clock: Arc<dyn Clock>,
}

impl SharedWallet {
    pub(crate) fn new(wallet: tegata::Wallet, clock: Arc<dyn Clock>) -> Self {
        Self { wallet: Mutex::new(Some(wallet)), clock }
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Does `work` on the wallet, one caller after the other. A panic closes it: what is on disk is whole, what is in
    /// memory may not be.
    pub(crate) fn with<T, E: Into<WalletError>>(
        &self,
        work: impl FnOnce(&mut tegata::Wallet) -> Result<T, E>,
    ) -> Result<T, WalletError> {
        let mut work = Some(work);
        let mut done = None;
        self.with_any(&mut |wallet| done = work.take().map(|work| work(wallet)))?;
        done.map_or(Err(WalletError::Internal), |done| done.map_err(Into::into))
    }

    /// One body for all kinds of work: the library would have it once for each.
    fn with_any(&self, work: &mut dyn FnMut(&mut tegata::Wallet)) -> Result<(), WalletError> {
        let mut slot = self.slot();
        let wallet = slot.as_mut().ok_or(WalletError::Closed)?;
        let done = guarded(|| {
            work(wallet);
            Ok::<_, WalletError>(())
        });
        if done.is_err() {
            *slot = None;
        }
        done
    }

    /// Takes the wallet out for good, to be closed.
    pub(crate) fn take(&self) -> Option<tegata::Wallet> {
        self.slot().take()
    }

    /// A poisoned lock saw a panic that `with` did not catch, so it is treated alike.
    fn slot(&self) -> MutexGuard<'_, Option<tegata::Wallet>> {
        self.wallet.lock().unwrap_or_else(|poisoned| {
            self.wallet.clear_poison();
            let mut slot = poisoned.into_inner();
            *slot = None;
            slot
        })
    }
}

/// Does `work`, and turns a panic into [`WalletError::Internal`]. The panic's text is dropped: it may quote anything.
pub(crate) fn guarded<T, E: Into<WalletError>>(
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, WalletError> {
    silence_panics();
    match panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err(WalletError::Internal),
    }
}

/// Prints where a panic was and not what it said. A library that is loaded has its own copy of the standard library,
/// so this hook sees our panics alone; a program in Rust keeps its own.
fn silence_panics() {
    #[cfg(not(test))]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            panic::set_hook(Box::new(|panic| {
                if let Some(place) = panic.location() {
                    eprintln!("tegata: panic at {}:{}", place.file(), place.line());
                }
            }));
        });
    }
}
