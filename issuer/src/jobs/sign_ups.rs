//! Removes sign-ups that nobody finished.

use tegata::UnixTime;
use tegata_policy::limits::{MAILED_CODE_LIFE, VERIFIED_LIFE};

use super::context::{Jobs, PAGE, earlier};
use super::error::JobError;
use crate::store::AccountStage;

/// How long a sign-up may lie before it is removed, in seconds: the longest that one takes is over then.
const SIGN_UP_LIFE: u64 = MAILED_CODE_LIFE + VERIFIED_LIFE + 60;

impl Jobs {
    /// Goes once over every account that was made, some minutes after it was: what is no sign-up by then never is one
    /// again.
    pub(super) async fn sign_ups(&self, now: UnixTime) -> Result<(), JobError> {
        let before = earlier(now, SIGN_UP_LIFE);
        loop {
            let after = self.cursors().sign_up;
            let page = self.store.accounts_made_before(before, after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            for (account, _) in page.iter().filter(|(_, kind)| *kind == AccountStage::PendingSignUp)
            {
                self.store.remove_pending_sign_up(*account).await?;
            }
            self.cursors().sign_up = Some(*last);
        }
    }
}
