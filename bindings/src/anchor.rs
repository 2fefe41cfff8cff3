//! The anchor, which a host keeps outside of the wallet's file.

use std::sync::Arc;

use tegata::vault::{self, VaultId};

/// Three values that a host stores where neither a backup nor a copy of the wallet's file reaches them.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AnchorState {
    /// The wallet that the others are about: 16 bytes.
    pub vault: Vec<u8>,
    /// Counts the changes of the wallet.
    pub epoch: i64,
    /// Wrong PINs since the last right one.
    pub failed_pin_tries: i32,
}

/// Storage for one `AnchorState`. Calls come while the wallet is busy, so they must not call it.
#[uniffi::export(with_foreign)]
pub trait Anchor: Send + Sync {
    /// Gives what was stored last, or nothing if nothing ever was.
    fn load(&self) -> Result<Option<AnchorState>, AnchorError>;

    /// Stores this in place of what was there, durably when it returns, and whole or not at all.
    fn store(&self, anchored: AnchorState) -> Result<(), AnchorError>;
}

/// What the methods of an anchor throw. Whatever else they throw counts as `Undeclared`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum AnchorError {
    /// The device is locked.
    #[error("the anchor is locked")]
    Locked,
    /// The anchor failed in another way.
    #[error("it cannot be used")]
    Failed,
    /// The anchor threw something that is not one of these, which is a bug in it. The text of that is dropped.
    #[error("it threw an unexpected exception")]
    Undeclared,
}

#[uniffi::export]
impl AnchorError {
    /// The error as one plain clause. For Python, whose exceptions UniFFI gives no text of their own.
    #[must_use]
    pub fn text(&self) -> String {
        self.to_string()
    }
}

impl From<uniffi::UnexpectedUniFFICallbackError> for AnchorError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Undeclared
    }
}

impl From<AnchorError> for vault::AnchorError {
    fn from(error: AnchorError) -> Self {
        match error {
            AnchorError::Locked => Self::Locked,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Passes the core's calls on to a host's anchor.
pub(crate) struct ForeignAnchor(pub(crate) Arc<dyn Anchor>);

impl vault::Anchor for ForeignAnchor {
    fn load(&self) -> Result<Option<vault::AnchorState>, vault::AnchorError> {
        let Some(stored) = self.0.load()? else { return Ok(None) };
        let read = read(&stored);
        read.map(Some).ok_or_else(|| {
            vault::AnchorError::Failed("it returned a value that was never stored".into())
        })
    }

    fn store(&self, anchored: &vault::AnchorState) -> Result<(), vault::AnchorError> {
        let too_far = |_| vault::AnchorError::Failed("the count of changes is exhausted".into());
        Ok(self.0.store(AnchorState {
            vault: anchored.vault.as_bytes().to_vec(),
            epoch: anchored.epoch.try_into().map_err(too_far)?,
            failed_pin_tries: anchored.failed_pin_tries.try_into().map_err(too_far)?,
        })?)
    }
}

fn read(stored: &AnchorState) -> Option<vault::AnchorState> {
    Some(vault::AnchorState {
        vault: VaultId::new(stored.vault.as_slice().try_into().ok()?),
        epoch: stored.epoch.try_into().ok()?,
        failed_pin_tries: stored.failed_pin_tries.try_into().ok()?,
    })
}
