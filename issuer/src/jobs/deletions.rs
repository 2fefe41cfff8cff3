//! Deletes accounts whose grace period is over.

use tegata::UnixTime;
use tegata::protocol::Refusal;
use tegata_policy::limits::DELETION_GRACE;

use super::context::{Jobs, PAGE, earlier};
use super::error::JobError;
use crate::accounts::AccountError;
use crate::domain::AccountId;

impl Jobs {
    /// Goes once over every request for deletion in the log, when its grace period is over. The account decides: its owner may have
    /// thought better of it. One that is frozen comes again, since whoever froze it may let it go, and so does one that
    /// cannot be deleted, which is in no other's way.
    pub(super) async fn delete_due(&self, now: UnixTime) -> Result<(), JobError> {
        let before = earlier(now, DELETION_GRACE);
        let again = self.cursors().deletions_to_retry.iter().copied().collect();
        let mut failures = self.delete(again).await;
        loop {
            let after = self.cursors().deletion;
            let page = self.store.deletion_requests_before(before, after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            failures += self.delete(page.iter().map(|(_, account)| *account).collect()).await;
            self.cursors().deletion = Some(*last);
        }
        if failures == 0 { Ok(()) } else { Err(JobError::NotDeleted(failures)) }
    }

    /// Deletes the accounts whose policy allows it, and notes which to retry; gives how many failed.
    async fn delete(&self, accounts: Vec<AccountId>) -> usize {
        let mut failures = 0;
        for account in accounts {
            let deleted = self.accounts.delete_if_due(account).await;
            let is_over = match deleted {
                Ok(()) => true,
                Err(AccountError::Refused(refusal)) => refusal != Refusal::Frozen,
                Err(error) => {
                    tracing::error!(%error, "an account cannot be deleted");
                    failures += 1;
                    false
                }
            };
            let mut cursors = self.cursors();
            if is_over {
                cursors.deletions_to_retry.remove(&account);
            } else {
                cursors.deletions_to_retry.insert(account);
            }
        }
        failures
    }
}
