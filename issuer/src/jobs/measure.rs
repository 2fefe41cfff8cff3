//! Measures the outbox, payments under way, credentials and the index of aliases.

use tegata::UnixTime;

use super::context::Jobs;
use super::error::JobError;
use crate::codes::{self, IndexReadiness};
use crate::metrics::gauge;

impl Jobs {
    pub(super) async fn measure(&self, now: UnixTime) -> Result<(), JobError> {
        let waiting = self.store.outbox_backlog().await?;
        let age = waiting.oldest.map_or(0, |made| now.seconds().saturating_sub(made.seconds()));
        self.counts.mails.set(gauge(waiting.mails));
        self.counts.oldest_mail.set(gauge(age));
        self.counts.credentials.set(gauge(self.codes.under()));
        self.counts.room.set(gauge(self.codes.room()));
        self.payments.under_way(&self.store, now).await?;
        self.measure_aliases(now).await
    }

    /// Apart from the job that fills the index, so that it is reported, too, when that one is dead.
    async fn measure_aliases(&self, now: UnixTime) -> Result<(), JobError> {
        let mut least: Option<IndexReadiness> = None;
        for scheme in self.store.schemes().await? {
            let ready = codes::index_readiness(&self.store, scheme, now).await?;
            least = Some(least.map_or(ready, |least| IndexReadiness {
                seconds: least.seconds.min(ready.seconds),
                late: least.late || ready.late,
            }));
        }
        let Some(IndexReadiness { seconds, late }) = least else { return Ok(()) };
        self.counts.aliases_ready.set(gauge(seconds));
        let before = self.counts.aliases_late.get() == 1;
        self.counts.aliases_late.set(i64::from(late));
        if late && !before {
            tracing::error!(
                seconds,
                "payment code index runs out in {seconds} s; codes will be declined after that"
            );
        }
        Ok(())
    }
}
