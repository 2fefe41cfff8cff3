//! The key of a payment lock while that is open.

use super::ids::RecordId;
use super::lock_key::LockKey;

/// A payment lock that is open. A token shares this with its clones, and the vault knows by it whether there is one.
pub(crate) struct OpenLock {
    lock: RecordId,
    key: LockKey,
}

impl OpenLock {
    pub(super) fn new(lock: RecordId, key: LockKey) -> Self {
        Self { lock, key }
    }

    /// The lock that was opened: a new lock has another id, and its key is another.
    pub(super) fn lock(&self) -> &RecordId {
        &self.lock
    }

    /// The lock's key, L.
    pub(super) fn key(&self) -> &LockKey {
        &self.key
    }
}
