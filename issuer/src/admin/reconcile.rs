//! Charges at the processor, compared with the rows and settled.

use std::sync::Arc;

use serde_json::json;
use tegata::UnixTime;

use super::{Operator, OperatorError, Reason};
use crate::payments::SealedReceiptWriter;
use crate::payments::reconciliation::{
    Comparison, Finding, ReconcileError, Reconciliation, Settlement,
};
use crate::processor;
use crate::store::ReceiptWriter;

/// A difference, and what became of it.
#[derive(Debug)]
pub struct SettledFinding {
    /// How the processor and the rows differ.
    pub finding: Finding,
    /// What became of it, or why it was not settled.
    pub settlement: Result<Settlement, ReconcileError>,
}

impl Operator {
    /// Compares the processor's charges since then with the rows. Nothing is changed.
    ///
    /// # Errors
    /// [`OperatorError`]; it takes the server key and the processor's.
    pub fn compare_charges(&self, since: UnixTime) -> Result<Comparison, OperatorError> {
        self.threads.block_on(async {
            let reconciliation = self.reconciliation().await?;
            Ok(reconciliation.compare(since).await?)
        })
    }

    /// Compares the processor's charges since then with the rows, and settles what differs, newest first. Each act is a
    /// line of the log.
    ///
    /// # Errors
    /// [`OperatorError`]; one of a single difference is in its result.
    pub fn settle_charges(
        &self,
        since: UnixTime,
        reason: &Reason,
    ) -> Result<(Comparison, Vec<SettledFinding>), OperatorError> {
        self.threads.block_on(async {
            let reconciliation = self.reconciliation().await?;
            let mut comparison = reconciliation.compare(since).await?;
            let mut settled = Vec::new();
            for finding in std::mem::take(&mut comparison.findings) {
                let detail = json!({
                    "why": reason.why(),
                    "action": finding.remedy.name(),
                    "authorisation": finding.payment.to_string(),
                    "intent": finding.intent.id.as_str(),
                    "amount": finding.intent.amount,
                    "currency": finding.intent.currency,
                });
                let event = self.event("charge_reconciled", &detail, reason)?;
                let settlement = reconciliation.settle(&finding, &reason.actor(), event).await;
                settled.push(SettledFinding { finding, settlement });
            }
            Ok((comparison, settled))
        })
    }

    async fn reconciliation(&self) -> Result<Reconciliation, OperatorError> {
        let random = Arc::clone(&self.environment.random);
        let clock = Arc::clone(&self.environment.clock);
        let keys = Arc::new(self.opened_keys().await?);
        let receipts: Arc<dyn ReceiptWriter> =
            Arc::new(SealedReceiptWriter::new(keys, Arc::clone(&random)));
        let processor = processor::from_config(&self.config, &*random).await?.processor;
        Ok(Reconciliation::new(self.store.clone(), processor, clock, receipts))
    }
}
