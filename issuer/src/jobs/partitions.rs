//! Makes the partitions of this month and the next, and raises the alarm about rows that are in none.

use tegata::UnixTime;

use super::context::Jobs;
use super::error::JobError;
use crate::metrics::gauge;
use crate::store::StrayRows;

impl Jobs {
    pub(super) async fn make_partitions(&self, now: UnixTime) -> Result<(), JobError> {
        // Counted even if they cannot be made: that is what the count is for.
        let made = self.store.make_partitions(now).await;
        let StrayRows { without_month, of_detached_months } = self.store.stray_rows().await?;
        self.counts.rows_without_month.set(gauge(without_month));
        let before = self.counts.rows_of_detached_months.get();
        self.counts.rows_of_detached_months.set(gauge(of_detached_months));
        if of_detached_months > 0 && before == 0 {
            tracing::error!(
                rows = of_detached_months,
                "payments or events were written although their month is detached"
            );
        }
        Ok(made?)
    }
}
