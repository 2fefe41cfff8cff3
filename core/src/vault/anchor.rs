//! What the host keeps outside of the file and its backups, so that an older copy of the file is told from the last.
//!
//! The rule: commit, then anchor, and no further write until the anchor is stored. So the file is never more than one
//! transaction ahead of the anchor, and a crash between the two leaves it exactly one ahead.

use std::sync::Arc;

use super::{VaultError, VaultId};

/// Three values that a host stores where neither a backup nor a copy of the vault's file reaches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnchorState {
    /// The vault that the others are about.
    pub vault: VaultId,
    /// Its epoch: one more with each transaction that writes.
    pub epoch: u64,
    /// Wrong PINs since the last right one.
    pub failed_pin_tries: u32,
}

/// The host's side: one place for one [`AnchorState`].
pub trait Anchor: Send + Sync {
    /// What was stored last, or `None` if nothing ever was.
    ///
    /// # Errors
    /// [`AnchorError`].
    fn load(&self) -> Result<Option<AnchorState>, AnchorError>;

    /// Stores `anchored` in place of what was there, durably when it returns, and whole or not at all.
    ///
    /// # Errors
    /// [`AnchorError`].
    fn store(&self, anchored: &AnchorState) -> Result<(), AnchorError>;
}

/// Why an anchor was not loaded or stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorError {
    /// Not now: the device is locked.
    #[error("the anchor is locked")]
    Locked,
    /// Anything else, as one plain clause without secrets.
    #[error("{0}")]
    Failed(String),
}

impl From<AnchorError> for VaultError {
    fn from(error: AnchorError) -> Self {
        match error {
            AnchorError::Locked => Self::Locked,
            AnchorError::Failed(why) => Self::Anchor(why),
        }
    }
}

/// A vault's tie to its anchor, or to none.
pub(super) struct RollbackGuard {
    anchor: Option<Arc<dyn Anchor>>,
    /// What the anchor holds, or must hold before the next write.
    anchored: AnchorState,
    due: bool,
}

impl RollbackGuard {
    /// Loads what is anchored of this vault; of another one, as of none, epoch 0.
    pub(super) fn load(
        anchor: Option<Arc<dyn Anchor>>,
        vault: VaultId,
    ) -> Result<Self, VaultError> {
        let stored = anchor.as_ref().map(|anchor| anchor.load()).transpose()?.flatten();
        let nothing = AnchorState { vault, epoch: 0, failed_pin_tries: 0 };
        let anchored = stored.filter(|stored| stored.vault == vault).unwrap_or(nothing);
        Ok(Self { anchor, anchored, due: false })
    }

    /// Takes the epoch of the file that was found: the anchored one or the next. A new vault has epoch 1 and holds
    /// nothing, so it needs no anchor yet.
    pub(super) fn find(&mut self, epoch: u64) -> Result<(), VaultError> {
        let ahead = epoch.checked_sub(self.anchored.epoch);
        if self.anchor.is_some() && !matches!(ahead, Some(0 | 1)) {
            return Err(VaultError::RolledBack);
        }
        if ahead != Some(0) {
            self.committed(epoch);
        }
        Ok(())
    }

    /// The epoch anchored last.
    pub(super) fn epoch(&self) -> u64 {
        self.anchored.epoch
    }

    /// Notes a commit, and anchors it if that can be done now; if not, the next write does it first.
    pub(super) fn committed(&mut self, epoch: u64) {
        self.anchored.epoch = epoch;
        self.due = true;
        // the commit holds whether or not this works
        let _ = self.settle();
    }

    /// Anchors what is not anchored yet.
    pub(super) fn settle(&mut self) -> Result<(), VaultError> {
        if let Some(anchor) = self.anchor.as_ref().filter(|_| self.due) {
            anchor.store(&self.anchored)?;
        }
        self.due = false;
        Ok(())
    }

    /// Whether there is an anchor that can count.
    pub(super) fn counts(&self) -> bool {
        self.anchor.is_some()
    }

    /// Wrong PINs since the last right one.
    pub(super) fn failed_pin_tries(&self) -> u32 {
        self.anchored.failed_pin_tries
    }

    /// Sets the count of wrong PINs; stored when this returns without an error, and otherwise before the next write.
    pub(super) fn count_pin_tries(&mut self, tries: u32) -> Result<(), VaultError> {
        self.anchored.failed_pin_tries = tries;
        self.due = true;
        self.settle()
    }
}
