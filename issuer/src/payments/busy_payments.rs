//! The payments that this process is charging or reversing.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::AuthorisationId;

/// The payments that this process is charging or reversing. A clone is the same set.
#[derive(Clone, Default)]
pub(super) struct BusyPayments(Arc<Mutex<HashSet<AuthorisationId>>>);

/// Takes the payment out of the set when it is dropped.
pub(super) struct BusyPayment {
    all: BusyPayments,
    id: AuthorisationId,
}

impl BusyPayments {
    pub(super) fn contains(&self, id: AuthorisationId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    /// Puts a payment into the set for as long as the guard lives.
    pub(super) fn insert(&self, id: AuthorisationId) -> BusyPayment {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        BusyPayment { all: self.clone(), id }
    }
}

impl Drop for BusyPayment {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}
