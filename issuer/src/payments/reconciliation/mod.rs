//! The charges at the processor, compared with the rows, and settled where they differ: after a restore, payments made
//! since the backup have charges and no rows.
//!
//! | file | idea |
//! |---|---|
//! | `mod` | [`Reconciliation`]: lists the charges and finds the differences |
//! | `finding` | a difference, and what is to be done about it |
//! | `settle` | does it |
//!
//! A charge is listed before its row is read, so a payment that goes on meanwhile looks different: each difference is
//! therefore looked at again, the charge after its row, and counts only if the row is still the same then.

mod finding;
mod settle;

use std::collections::HashSet;
use std::sync::Arc;

use tegata::{Clock, UnixTime};

use super::ProcessorCharger;
use super::charge_metadata::{self, ChargeOwner};
use crate::domain::{IntentId, Month};
use crate::processor::{IntentDetails, IntentStatus, Processor, ProcessorError};
use crate::store::{
    AdoptedState, AdoptionOutcome, Authorisation, ReceiptWriter, Store, StoreError,
};
pub use finding::{Finding, Remedy};
pub use settle::Settlement;

/// How many rows are read at a time.
const ROWS: u32 = 256;

/// Why charges and rows could not be compared or settled.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// An error of the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An error of the processor.
    #[error(transparent)]
    Processor(#[from] ProcessorError),
}

/// What a comparison found.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// How many charges of this issuer were listed.
    pub compared: u64,
    /// How many charges of others were listed, which are left alone.
    pub others: u64,
    /// How many charges are of payments in detached months, and are compared with nothing.
    pub detached: u64,
    /// How many payments are not over yet, which the service goes on with.
    pub in_progress: u64,
    /// What differs, newest charge first.
    pub findings: Vec<Finding>,
}

/// Compares the processor's charges with the rows of a store, and settles what differs.
pub struct Reconciliation {
    store: Store,
    processor: Arc<dyn Processor>,
    clock: Arc<dyn Clock>,
    receipts: Arc<dyn ReceiptWriter>,
    charger: ProcessorCharger,
}

impl Reconciliation {
    /// Of this store with this processor; `receipts` writes what owners are told.
    #[must_use]
    pub fn new(
        store: Store,
        processor: Arc<dyn Processor>,
        clock: Arc<dyn Clock>,
        receipts: Arc<dyn ReceiptWriter>,
    ) -> Self {
        let charger = ProcessorCharger::new(
            store.clone(),
            Arc::clone(&processor),
            Arc::clone(&clock),
            Arc::clone(&receipts),
        );
        Self { store, processor, clock, receipts, charger }
    }

    /// Compares all charges created at this moment or later with their rows, and all charged rows made since then with
    /// their charges. Nothing is changed.
    ///
    /// # Errors
    /// [`ReconcileError`].
    pub async fn compare(&self, since: UnixTime) -> Result<Comparison, ReconcileError> {
        let mut comparison = Comparison::default();
        let mut seen = HashSet::new();
        let mut after: Option<IntentId> = None;
        loop {
            let page = self.processor.list(since, after.as_ref()).await?;
            after = page.intents.last().map(|intent| intent.id.clone());
            self.compare_page(page.intents, &mut comparison, &mut seen).await?;
            if !page.has_more || after.is_none() {
                break;
            }
        }
        self.compare_rows(since, &seen, &mut comparison).await?;
        Ok(comparison)
    }

    async fn compare_page(
        &self,
        intents: Vec<IntentDetails>,
        comparison: &mut Comparison,
        seen: &mut HashSet<IntentId>,
    ) -> Result<(), ReconcileError> {
        let owned: Vec<_> = intents
            .into_iter()
            .map(|intent| {
                (ChargeOwner::read(&intent.metadata, |id| self.receipts.number(id)), intent)
            })
            .collect();
        let ids = owned.iter().filter_map(|(owner, _)| match owner {
            ChargeOwner::Payment(id) | ChargeOwner::Unproven(id) => Some(*id),
            ChargeOwner::Other => None,
        });
        let rows = self.store.authorisations(ids).await?;
        let detached = self.store.detached_months().await?;
        for (owner, intent) in owned {
            let id = match owner {
                ChargeOwner::Payment(id) | ChargeOwner::Unproven(id) => id,
                ChargeOwner::Other => {
                    comparison.others += 1;
                    continue;
                }
            };
            seen.insert(intent.id.clone());
            if Month::of_payment(id).is_some_and(|month| detached.contains(&month)) {
                comparison.detached += 1;
                continue;
            }
            comparison.compared += 1;
            let row = rows.iter().find(|row| row.id == id).cloned();
            if self.remedy(owner, &intent, row.as_ref()).await?.is_none() {
                continue;
            }
            // Once more, the charge after its row.
            let intent = self.processor.inspect(&intent.id).await?;
            let remedy = self.remedy(owner, &intent, row.as_ref()).await?;
            if self.store.authorisation(id).await? != row {
                comparison.in_progress += 1;
                continue;
            }
            match remedy {
                None => (),
                Some(Remedy::Wait) => comparison.in_progress += 1,
                Some(remedy) => {
                    comparison.findings.push(Finding::new(id, intent, row, remedy));
                }
            }
        }
        Ok(())
    }

    /// Finds charged rows whose charge was not listed, and asks the processor about each.
    async fn compare_rows(
        &self,
        since: UnixTime,
        seen: &HashSet<IntentId>,
        comparison: &mut Comparison,
    ) -> Result<(), ReconcileError> {
        let mut after = None;
        loop {
            let rows = self.store.charged_since(since, after, ROWS).await?;
            after = rows.last().map(|row| row.id);
            let is_last = rows.len() < ROWS as usize;
            for row in rows {
                let intent = row.intent.as_deref().and_then(|id| IntentId::new(id).ok());
                let Some(intent) = intent.filter(|id| !seen.contains(id)) else { continue };
                self.compare_unlisted(row, &intent, comparison).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn compare_unlisted(
        &self,
        row: Authorisation,
        intent: &IntentId,
        comparison: &mut Comparison,
    ) -> Result<(), ReconcileError> {
        let found = match self.processor.inspect(intent).await {
            // It was created a little before, by the processor's clock.
            Ok(found) if found.holds_money() => return Ok(()),
            Ok(found) => found,
            Err(ProcessorError::NotFound) => {
                comparison.findings.push(Finding::without_intent(row, intent.clone()));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        // It may have been voided since it was read.
        if self.store.authorisation(row.id).await?.as_ref() != Some(&row) {
            comparison.in_progress += 1;
            return Ok(());
        }
        let remedy = if found.is_refunded { Remedy::MarkRefunded } else { Remedy::Investigate };
        comparison.findings.push(Finding::new(row.id, found, Some(row), remedy));
        Ok(())
    }

    async fn remedy(
        &self,
        owner: ChargeOwner,
        intent: &IntentDetails,
        row: Option<&Authorisation>,
    ) -> Result<Option<Remedy>, ReconcileError> {
        let now = self.clock.now();
        if let Some(row) = row {
            return Ok(finding::remedy_for_row(intent, row, now));
        }
        Ok(match (intent.status, owner) {
            (IntentStatus::Declined(_) | IntentStatus::Cancelled, _) => None,
            (IntentStatus::Succeeded, _) if intent.is_refunded => None,
            // What may be another issuer's is not touched.
            (_, ChargeOwner::Unproven(_) | ChargeOwner::Other) => Some(Remedy::Investigate),
            (IntentStatus::Processing, _) => Some(Remedy::Wait),
            (IntentStatus::Created, _) => Some(Remedy::Cancel),
            (IntentStatus::Succeeded, _) => Some(self.remedy_without_row(intent, now).await?),
        })
    }

    async fn remedy_without_row(
        &self,
        intent: &IntentDetails,
        now: UnixTime,
    ) -> Result<Remedy, StoreError> {
        let Some(lost) = charge_metadata::read(intent, now) else { return Ok(Remedy::Refund) };
        Ok(match self.store.plan_adoption(lost).await? {
            AdoptionOutcome::Row(AdoptedState::Charged) => Remedy::Adopt,
            AdoptionOutcome::Row(AdoptedState::Reversing) => Remedy::AdoptAndRefund,
            AdoptionOutcome::Unknown => Remedy::Refund,
            AdoptionOutcome::HasRow | AdoptionOutcome::Detached => Remedy::Wait,
        })
    }
}

impl std::fmt::Debug for Reconciliation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reconciliation")
    }
}
