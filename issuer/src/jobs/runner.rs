//! Runs each job again and again.

use std::sync::Arc;

use tegata::UnixTime;

use super::context::Jobs;
use super::error::JobError;
use super::job::Job;
use crate::codes;
use crate::log;

impl Jobs {
    /// Works until it is dropped.
    pub(crate) async fn work(self) {
        let jobs = Arc::new(self);
        let each = Job::ALL.map(|job| Arc::clone(&jobs).repeat(job));
        futures_util::future::join_all(each).await;
    }

    async fn repeat(self: Arc<Self>, job: Job) {
        loop {
            let now = self.environment.clock.now();
            // A task of its own: a panic ends there.
            match tokio::spawn(Arc::clone(&self).once(job, now)).await {
                Ok(Ok(())) => self.counts.succeeded(job, now),
                Ok(Err(error)) => {
                    if error.is_outage() {
                        log::database_unavailable(&error);
                    } else {
                        tracing::error!(job = job.name(), %error, "job failed");
                    }
                    self.counts.failed(job);
                }
                Err(_) => self.counts.failed(job),
            }
            tokio::time::sleep(job.period()).await;
        }
    }

    async fn once(self: Arc<Self>, job: Job, now: UnixTime) -> Result<(), JobError> {
        match job {
            Job::Announce => self.announce(now).await,
            Job::Seal => self.seal(now).await,
            Job::Measure => self.measure(now).await,
            Job::Throttle => {
                self.store.prune_signed_requests(now).await?;
                Ok(self.store.prune_throttle(now).await?)
            }
            Job::SignUps => self.sign_ups(now).await,
            Job::Deletions => self.delete_due(now).await,
            Job::Charges => Ok(self.reconcile().await?),
            Job::CardSetups => Ok(self.accounts.review_card_setups(&*self.processor).await?),
            Job::Sessions => self.sessions(now).await,
            Job::Aliases => Ok(codes::fill_index(&self.store, &self.keys, now).await?),
            Job::Partitions => self.make_partitions(now).await,
            Job::Credentials => Ok(self.codes.count(&self.store).await?),
            Job::OldRecords => self.drop_old_records(now).await,
            Job::WrongCodes => self.wrong_codes(now).await,
        }
    }
}
