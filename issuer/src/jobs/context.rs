//! What the jobs work on.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tegata::UnixTime;

use super::counts::JobCounts;
use super::cursors::Cursors;
use crate::accounts::Accounts;
use crate::codes::Codes;
use crate::crypto::Keys;
use crate::domain::Environment;
use crate::payments::{PaymentCounts, ProcessorCharger};
use crate::processor::Processor;
use crate::store::Store;

/// Rows that a job reads at a time.
pub(super) const PAGE: u32 = 256;

/// What the jobs work on.
pub(crate) struct Jobs {
    /// The id that this process is announced by.
    pub(crate) process: [u8; 16],
    pub(crate) store: Store,
    pub(crate) accounts: Accounts,
    pub(crate) keys: Arc<Keys>,
    pub(crate) codes: Arc<Codes>,
    pub(crate) environment: Environment,
    /// The file in which it is signed how far the log goes, if any.
    pub(crate) checkpoints: Option<PathBuf>,
    pub(crate) counts: JobCounts,
    pub(crate) payments: PaymentCounts,
    pub(crate) cursors: Mutex<Cursors>,
    /// Where cards are registered.
    pub(crate) processor: Arc<dyn Processor>,
    /// Who charges cards, if it is the processor of the settings.
    pub(crate) charger: Option<ProcessorCharger>,
}

impl Jobs {
    pub(super) fn cursors(&self) -> MutexGuard<'_, Cursors> {
        self.cursors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the time so many seconds before.
pub(super) fn earlier(now: UnixTime, seconds: u64) -> UnixTime {
    now.shifted(i64::try_from(seconds).map_or(i64::MIN, |seconds| -seconds))
}
