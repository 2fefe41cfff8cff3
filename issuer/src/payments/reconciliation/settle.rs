//! Settles a difference. Each act is logged in the transaction that does it, or before the processor is asked for it.

use std::sync::Arc;

use super::super::charge_metadata;
use super::super::{CardCharger, ChargeOutcome};
use super::{Finding, ReconcileError, Reconciliation, Remedy};
use crate::domain::AuthorisationId;
use crate::processor::{IntentStatus, ProcessorError, RequestKey};
use crate::store::{AdoptedState, AdoptionOutcome, Authorisation, AuthorisationState, EventRow};

/// What became of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The processor and the rows agree.
    Done,
    /// Money is on its way back; the service goes on with it.
    Pending,
    /// Nothing was done: it changed meanwhile, or it is a person's to settle.
    Left,
}

impl Settlement {
    /// Names it as JSON documents do.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Pending => "pending",
            Self::Left => "left",
        }
    }
}

impl From<ChargeOutcome> for Settlement {
    fn from(reversal: ChargeOutcome) -> Self {
        match reversal {
            ChargeOutcome::Done => Self::Done,
            ChargeOutcome::Declined | ChargeOutcome::Pending => Self::Pending,
        }
    }
}

impl Reconciliation {
    /// Does what a difference needs, as this actor, with this line in the log.
    ///
    /// # Errors
    /// [`ReconcileError`]; what was begun is found again by the next comparison.
    pub async fn settle(
        &self,
        finding: &Finding,
        actor: &str,
        event: EventRow,
    ) -> Result<Settlement, ReconcileError> {
        match finding.remedy {
            Remedy::Adopt | Remedy::AdoptAndRefund => self.adopt(finding, actor, event).await,
            Remedy::Refund => self.refund(finding, event).await,
            Remedy::Cancel => self.cancel(finding, event).await,
            Remedy::MarkCharged => self.mark_charged(finding, event).await,
            Remedy::MarkRefunded => self.mark_refunded(finding, event).await,
            Remedy::Wait | Remedy::Investigate => Ok(Settlement::Left),
        }
    }

    async fn adopt(
        &self,
        finding: &Finding,
        actor: &str,
        event: EventRow,
    ) -> Result<Settlement, ReconcileError> {
        let Some(lost) = charge_metadata::read(&finding.intent, self.clock.now()) else {
            return Ok(Settlement::Left);
        };
        let id = lost.authorisation.id;
        let receipts = Arc::clone(&self.receipts);
        match self.store.adopt(lost, actor.to_owned(), event, receipts).await? {
            AdoptionOutcome::Row(AdoptedState::Charged) => Ok(Settlement::Done),
            AdoptionOutcome::Row(AdoptedState::Reversing) => Ok(self.reverse(id).await),
            AdoptionOutcome::HasRow | AdoptionOutcome::Unknown | AdoptionOutcome::Detached => {
                Ok(Settlement::Left)
            }
        }
    }

    async fn reverse(&self, id: AuthorisationId) -> Settlement {
        self.charger.reverse(id).await.into()
    }

    async fn refund(
        &self,
        finding: &Finding,
        event: EventRow,
    ) -> Result<Settlement, ReconcileError> {
        self.store.append_event(event).await?;
        let intent = &finding.intent.id;
        // A try that failed may be saved under its key: the next one, of another second, has another.
        let key = format!("reconcile-refund-{intent}-{}", self.clock.now().seconds());
        match self.processor.refund(intent, RequestKey(&key)).await {
            Ok(()) => Ok(Settlement::Done),
            Err(ProcessorError::OutcomeUnknown(_)) => Ok(Settlement::Pending),
            Err(error) => Err(error.into()),
        }
    }

    async fn cancel(
        &self,
        finding: &Finding,
        event: EventRow,
    ) -> Result<Settlement, ReconcileError> {
        self.store.append_event(event).await?;
        let intent = &finding.intent.id;
        let key = format!("reconcile-cancel-{intent}-{}", self.clock.now().seconds());
        match self.processor.cancel(intent, RequestKey(&key)).await {
            Ok(IntentStatus::Cancelled) => Ok(Settlement::Done),
            Ok(_) | Err(ProcessorError::WrongState) => Ok(Settlement::Left),
            Err(error) => Err(error.into()),
        }
    }

    /// The row with its charge's id, so that it can be moved on.
    async fn with_intent(
        &self,
        finding: &Finding,
    ) -> Result<Option<Authorisation>, ReconcileError> {
        let Some(row) = finding.row.clone() else { return Ok(None) };
        if row.intent.is_some() || row.state == AuthorisationState::Reversing {
            return Ok(Some(row));
        }
        let Some(card) = charge_metadata::read_card(&finding.intent) else { return Ok(None) };
        let intent = finding.intent.id.as_str().to_owned();
        Ok(Some(self.store.store_intent(row, card, intent, self.clock.now()).await?))
    }

    /// Logs the act and moves the row on; `None` if there is none that can be.
    async fn move_row(
        &self,
        finding: &Finding,
        event: EventRow,
        to: AuthorisationState,
    ) -> Result<Option<Authorisation>, ReconcileError> {
        let Some(row) = self.with_intent(finding).await? else { return Ok(None) };
        self.store.append_event(event).await?;
        let receipts = Arc::clone(&self.receipts);
        Ok(Some(self.store.transition(row, to, self.clock.now(), receipts).await?))
    }

    async fn mark_charged(
        &self,
        finding: &Finding,
        event: EventRow,
    ) -> Result<Settlement, ReconcileError> {
        let moved = self.move_row(finding, event, AuthorisationState::Charged).await?;
        Ok(if moved.is_some() { Settlement::Done } else { Settlement::Left })
    }

    async fn mark_refunded(
        &self,
        finding: &Finding,
        event: EventRow,
    ) -> Result<Settlement, ReconcileError> {
        match self.move_row(finding, event, AuthorisationState::Reversing).await? {
            Some(row) => Ok(self.reverse(row.id).await),
            None => Ok(Settlement::Left),
        }
    }
}
