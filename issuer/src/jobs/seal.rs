//! Seals the log, and signs how far it goes.

use tegata::UnixTime;

use super::context::Jobs;
use super::error::JobError;
use crate::audit;
use crate::metrics::gauge;

impl Jobs {
    pub(super) async fn seal(&self, now: UnixTime) -> Result<(), JobError> {
        let seal = match &self.checkpoints {
            Some(file) => audit::seal(&self.store, &self.keys, file, now).await?,
            None => audit::seal_unsigned(&self.store).await?,
        };
        self.counts.sealed.set(gauge(seal.count));
        Ok(())
    }
}
