//! Months of payments and events: listed, and taken out of the store once nothing is to be done in them.

use serde_json::json;

use super::{Month, MonthPartition, Operator, OperatorError, Reason};
use crate::audit;
use crate::store::{Detachment, IDEMPOTENCY_DAYS, StoreError};

const DAY: i64 = 24 * 60 * 60;

impl Operator {
    /// Lists the months of payments and events, the oldest first.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn partitions(&self) -> Result<Vec<MonthPartition>, OperatorError> {
        Ok(self.threads.block_on(self.store.month_partitions())?)
    }

    /// Takes the oldest month out of the tables of payments and events, when none of its payments can be voided by its
    /// till any more, 100 days have passed since, and nothing is left to be done. Its tables stay in the database, for
    /// their owner to copy and drop. The whole log is verified before, so that nothing wrong is taken out with it, and
    /// a signed record of where the month's events were keeps the rest verifiable.
    ///
    /// # Errors
    /// [`OperatorError`]; nothing was changed then.
    pub fn detach_month(&self, month: Month, reason: &Reason) -> Result<Detachment, OperatorError> {
        let now = self.environment.clock.now();
        let last = month.end().shifted(-1);
        let days = i64::try_from(IDEMPOTENCY_DAYS).unwrap_or_default();
        let is_old =
            self.config.payment_rules().void_age().excludes(last, now.shifted(-days * DAY));
        if !is_old || month.end() > now {
            return Err(OperatorError::MonthTooYoung(month));
        }
        let file = self.checkpoints()?;
        let keys = self.keys()?;
        self.threads.block_on(async {
            let key = keys.checkpoint_key();
            let (verified, runs) = audit::verify_with_runs(&self.store, &file, &key, month).await?;
            if !verified.findings.is_empty() {
                return Err(OperatorError::LogDoesNotHold);
            }
            let (payments, all_final) = self.store.payments_in(month).await?;
            if !all_final {
                return Err(StoreError::MonthInUse("a payment of it is not final").into());
            }
            let events = runs.iter().map(|run| run.places[1] - run.places[0] + 1).sum();
            let signature = Vec::new();
            let mut detachment = Detachment { month, payments, events, runs, signature };
            detachment.signature = keys.sign_checkpoint(&detachment.message()).to_vec();
            let detail = json!({
                "why": reason.why(),
                "month": month.to_string(),
                "payments": payments,
                "events": events,
            });
            let event = self.event("month_detached", &detail, reason)?;
            self.store.detach_month(&detachment, verified.events, event).await?;
            Ok(detachment)
        })
    }
}
