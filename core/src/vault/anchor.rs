//! What the host keeps outside of the file and its backups, so that an older copy of the file is detected.

use super::{VaultError, VaultId};

/// Three values that a host stores where neither a backup nor a copy of the vault's file reaches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnchorState {
    /// The vault that epoch and count belong to.
    pub vault: VaultId,
    /// Its epoch: one more with each transaction that writes.
    pub epoch: u64,
    /// How many wrong PINs were tried since the last right one.
    pub failed_pin_tries: u32,
}

/// A place outside of the file and its backups for one [`AnchorState`], which the host provides.
pub trait Anchor: Send + Sync {
    /// Loads what was stored last, or `None` if nothing ever was.
    ///
    /// # Errors
    /// [`AnchorError`].
    fn load(&self) -> Result<Option<AnchorState>, AnchorError>;

    /// Stores `anchored` in place of the state before, durably when it returns, and whole or not at all.
    ///
    /// # Errors
    /// [`AnchorError`].
    fn store(&self, anchored: &AnchorState) -> Result<(), AnchorError>;
}

/// Why an anchor was not loaded or stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorError {
    /// The device is locked: try again later.
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
