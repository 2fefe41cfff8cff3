//! Announces this process and the key that it seals with, again and again.

use tegata::UnixTime;

use super::context::Jobs;
use super::error::JobError;

impl Jobs {
    /// Gives a sign of life. A process that was taken for dead meanwhile, so that its key was deleted, seals nothing more.
    pub(super) async fn announce(&self, now: UnixTime) -> Result<(), JobError> {
        let newest = self.keys.newest_root();
        self.store.announce_process(self.process, newest, now).await?;
        if self.store.keys().await?.iter().any(|key| key.number == newest) {
            return Ok(());
        }
        self.keys.stop_sealing();
        Err(JobError::KeyRetired)
    }
}
