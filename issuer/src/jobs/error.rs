//! Why a job failed.

use crate::audit::AuditError;
use crate::codes::AliasIndexError;
use crate::store::StoreError;

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Fill(#[from] AliasIndexError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error("{0} accounts could not be deleted: they are retried in the next round")]
    NotDeleted(usize),
}
