//! Why a mail was not written.

use crate::domain::InternalError;
use crate::store::StoreError;

/// Why a mail was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something failed that no retry may help.
    #[error(transparent)]
    Internal(#[from] InternalError),
}
