//! How far the jobs have gone.

use std::collections::BTreeSet;

use crate::domain::{AccountId, EventId};
use crate::store::SessionRow;

/// How far each job has gone through the rows. After a start it begins again: what is done costs a read and no more.
#[derive(Default)]
pub(crate) struct Cursors {
    pub(super) sign_up: Option<AccountId>,
    pub(super) deletion: Option<EventId>,
    /// Accounts up to there whose grace period is over and that are there still: frozen, or not deleted for some error.
    pub(super) deletions_to_retry: BTreeSet<AccountId>,
    pub(super) session: Option<SessionRow>,
}
