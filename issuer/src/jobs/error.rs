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
    #[error("the sealing key of this process was deleted while it did not run: start it anew")]
    KeyRetired,
    #[error("{0} accounts could not be deleted: they are retried in the next round")]
    NotDeleted(usize),
}

impl JobError {
    /// Tells whether the database is away: all jobs fail for it at once.
    pub(super) fn is_outage(&self) -> bool {
        match self {
            Self::Store(error)
            | Self::Audit(AuditError::Store(error))
            | Self::Fill(AliasIndexError::Store(error)) => error.is_outage(),
            _ => false,
        }
    }
}
