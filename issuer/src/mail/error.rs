//! Why a mail was not written.

use crate::domain::InternalError;
use crate::store::StoreError;

/// Why a mail was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The issuer failed.
    #[error(transparent)]
    Internal(#[from] InternalError),
}
