//! The check that the file is the one written last, by the epoch that the anchor holds.
//!
//! The rule: commit, then anchor, and no further write until the anchor is stored. So the file is never more than one
//! transaction ahead of the anchor, and a crash between the two leaves it exactly one ahead.

use std::sync::Arc;

use super::anchor::{Anchor, AnchorState};
use super::error::VaultError;
use super::ids::VaultId;

/// The guard against an older copy of a vault's file: its anchor, or none.
pub(super) struct RollbackGuard {
    anchor: Option<Arc<dyn Anchor>>,
    /// The state that the anchor holds, or must hold before the next write.
    anchored: AnchorState,
    pending: bool,
}

impl RollbackGuard {
    /// Loads the anchored state of this vault; epoch 0 if the anchor holds none or that of another vault.
    pub(super) fn load(
        anchor: Option<Arc<dyn Anchor>>,
        vault: VaultId,
    ) -> Result<Self, VaultError> {
        let stored = anchor.as_ref().map(|anchor| anchor.load()).transpose()?.flatten();
        let nothing = AnchorState { vault, epoch: 0, failed_pin_tries: 0 };
        let anchored = stored.filter(|stored| stored.vault == vault).unwrap_or(nothing);
        Ok(Self { anchor, anchored, pending: false })
    }

    /// Checks the epoch of the file: it must be the anchored one or the next. A new vault has epoch 1 and holds
    /// nothing, so it needs no anchor yet.
    pub(super) fn check_epoch(&mut self, epoch: u64) -> Result<(), VaultError> {
        let ahead = epoch.checked_sub(self.anchored.epoch);
        if self.anchor.is_some() && !matches!(ahead, Some(0 | 1)) {
            return Err(VaultError::RolledBack);
        }
        if ahead != Some(0) {
            self.record_commit(epoch);
        }
        Ok(())
    }

    /// The epoch that was anchored last.
    pub(super) fn anchored_epoch(&self) -> u64 {
        self.anchored.epoch
    }

    /// Records a commit and anchors it; if the anchor fails now, the next write anchors it first.
    pub(super) fn record_commit(&mut self, epoch: u64) {
        self.anchored.epoch = epoch;
        self.pending = true;
        // the commit holds whether or not this works
        let _ = self.store_pending();
    }

    /// Stores the state in the anchor if that is pending.
    pub(super) fn store_pending(&mut self) -> Result<(), VaultError> {
        if let Some(anchor) = self.anchor.as_ref().filter(|_| self.pending) {
            anchor.store(&self.anchored)?;
        }
        self.pending = false;
        Ok(())
    }

    /// Whether there is an anchor, which counts wrong PINs.
    pub(super) fn has_anchor(&self) -> bool {
        self.anchor.is_some()
    }

    /// How many wrong PINs were tried since the last right one.
    pub(super) fn failed_pin_tries(&self) -> u32 {
        self.anchored.failed_pin_tries
    }

    /// Sets the count of wrong PINs; stored when this returns without an error, and otherwise before the next write.
    pub(super) fn set_failed_pin_tries(&mut self, tries: u32) -> Result<(), VaultError> {
        self.anchored.failed_pin_tries = tries;
        self.pending = true;
        self.store_pending()
    }
}
