//! Drops idempotency records and counts of wrong codes that are too old.

use tegata::UnixTime;

use super::context::Jobs;
use super::error::JobError;

impl Jobs {
    pub(super) async fn drop_old_records(&self, now: UnixTime) -> Result<(), JobError> {
        self.store.prune_attempt_counts(now).await?;
        Ok(self.store.drop_idempotency_records(now).await?)
    }
}
