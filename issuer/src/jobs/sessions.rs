//! Removes rows of sessions that no longer count.

use tegata::UnixTime;
use tegata_policy::Account;

use super::context::{Jobs, PAGE};
use super::error::JobError;
use crate::accounts::Accounts;

impl Jobs {
    /// One page each time, round and round: a row costs the reading of its account.
    pub(super) async fn sessions(&self, now: UnixTime) -> Result<(), JobError> {
        let after = self.cursors().session.clone();
        let page = self.store.session_rows(after.as_ref(), PAGE).await?;
        self.cursors().session = page.last().cloned();
        let over = page.into_iter().filter(|row| {
            let world = Accounts::policy_context(&row.context.global_state, now);
            match &row.context.state {
                Account::Active(live) => live.session(row.context.session, &world).is_none(),
                _ => true,
            }
        });
        Ok(self.store.remove_sessions(over.collect()).await?)
    }
}
