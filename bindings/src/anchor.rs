//! What a host keeps outside of the wallet's file.

use std::sync::Arc;

use tegata::vault::{self, AnchorError, VaultId};

/// Three values that a host stores where neither a backup nor a copy of the wallet's file reaches them.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AnchorState {
    /// The wallet that the others are about: 16 bytes.
    pub vault: Vec<u8>,
    /// One more with each change.
    pub epoch: i64,
    /// Wrong PINs since the last right one.
    pub failed_pin_tries: i32,
}

/// One place for one `AnchorState`. Calls come while the wallet is busy, so they must not call it.
#[uniffi::export(with_foreign)]
pub trait Anchor: Send + Sync {
    /// What was stored last, or nothing if nothing ever was.
    fn load(&self) -> Result<Option<AnchorState>, AnchorFailure>;

    /// Stores this in place of what was there, durably when it returns, and whole or not at all.
    fn store(&self, anchored: AnchorState) -> Result<(), AnchorFailure>;
}

/// Why an anchor was not loaded or stored: what its methods throw. Whatever else they throw counts as `Undeclared`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum AnchorFailure {
    /// Not now: the device is locked.
    #[error("the anchor is locked")]
    Locked,
    /// Anything else.
    #[error("it cannot be used")]
    Failed,
    /// The anchor threw what is not one of these: a fault in its code. What that said is dropped.
    #[error("it threw an unexpected exception")]
    Undeclared,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for AnchorFailure {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Undeclared
    }
}

impl From<AnchorFailure> for AnchorError {
    fn from(failure: AnchorFailure) -> Self {
        match failure {
            AnchorFailure::Locked => Self::Locked,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// A host's anchor, as the core asks one.
pub(crate) struct Hosted(pub(crate) Arc<dyn Anchor>);

impl vault::Anchor for Hosted {
    fn load(&self) -> Result<Option<vault::AnchorState>, AnchorError> {
        let Some(stored) = self.0.load()? else { return Ok(None) };
        let read = read(&stored);
        read.map(Some)
            .ok_or_else(|| AnchorError::Failed("it returned a value that was never stored".into()))
    }

    fn store(&self, anchored: &vault::AnchorState) -> Result<(), AnchorError> {
        let too_far = |_| AnchorError::Failed("the count of changes is exhausted".into());
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
