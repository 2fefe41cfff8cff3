//! The unlock token of the payment lock, held by the host.

use std::fmt;
use std::sync::{Mutex, MutexGuard};

use tegata::vault;

use crate::WalletError;

/// An unlock token of the payment lock: payment codes are made with it. Unlocking gives it.
///
/// It holds the key of the payment lock; while it does, calls to the account find the session. Lock it, or let go of it, when the app leaves the screen.
#[derive(uniffi::Object)]
pub struct PaymentUnlock(Mutex<Option<vault::PaymentUnlock>>);

#[uniffi::export]
impl PaymentUnlock {
    /// Makes the token for a wallet without a payment lock. It opens no lock.
    #[uniffi::constructor]
    #[must_use]
    pub fn without_lock() -> Self {
        Self::new(vault::PaymentUnlock::without_lock())
    }

    /// Wipes the key in this token. Whatever is called with it from now on fails with `PaymentsLocked`.
    pub fn lock(&self) {
        *self.slot() = None;
    }

    /// Tells whether this token was locked. Cheap: a screen asks before each second that it shows a code.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.slot().is_none()
    }
}

impl PaymentUnlock {
    pub(crate) fn new(unlock: vault::PaymentUnlock) -> Self {
        Self(Mutex::new(Some(unlock)))
    }

    /// Does `work` with the core's token, unless this one was locked.
    pub(crate) fn with<T, E: Into<WalletError>>(
        &self,
        work: impl FnOnce(&mut vault::PaymentUnlock) -> Result<T, E>,
    ) -> Result<T, WalletError> {
        let mut slot = self.slot();
        work(slot.as_mut().ok_or(WalletError::PaymentsLocked)?).map_err(Into::into)
    }

    /// A panic under this lock drops the token: unlocking again is safe, guessing what it is worth is not.
    fn slot(&self) -> MutexGuard<'_, Option<vault::PaymentUnlock>> {
        self.0.lock().unwrap_or_else(|poisoned| {
            self.0.clear_poison();
            let mut slot = poisoned.into_inner();
            *slot = None;
            slot
        })
    }
}

impl fmt::Debug for PaymentUnlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaymentUnlock([redacted])")
    }
}
