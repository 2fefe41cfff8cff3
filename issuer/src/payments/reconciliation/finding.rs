//! A difference between a charge at the processor and the row of its payment, and what is to be done about it.

use std::collections::BTreeMap;

use tegata::UnixTime;

use super::super::DEADLINE;
use crate::domain::{AuthorisationId, IntentId};
use crate::processor::{IntentDetails, IntentStatus};
use crate::store::{Authorisation, AuthorisationState};

/// What is to be done about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Charged, without a row: the row is made anew.
    Adopt,
    /// Charged, without a row, and the till has heard since that it was not: the row is made anew and the money returned.
    AdoptAndRefund,
    /// Charged, and no payment that stands: the money is returned.
    Refund,
    /// Not charged, and no payment that stands: cancelled, so that it never is.
    Cancel,
    /// Charged, and the row does not know: the row is charged from now on.
    MarkCharged,
    /// Refunded, and the row does not know: the row is refunded from now on.
    MarkRefunded,
    /// Not over yet: the service or the processor goes on with it.
    Wait,
    /// A person has to look at it.
    Investigate,
}

impl Remedy {
    /// Names it as JSON documents do.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::AdoptAndRefund => "adopt_and_refund",
            Self::Refund => "refund",
            Self::Cancel => "cancel",
            Self::MarkCharged => "mark_charged",
            Self::MarkRefunded => "mark_refunded",
            Self::Wait => "wait",
            Self::Investigate => "investigate",
        }
    }
}

/// A charge that differs from the row of its payment.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The payment that it was made for.
    pub payment: AuthorisationId,
    /// The charge as the processor has it; as its row has it, if the processor has none.
    pub intent: IntentDetails,
    /// What has become of it at the processor, in a word.
    pub outcome: &'static str,
    /// The payment's row, if there is one.
    pub row: Option<Authorisation>,
    /// What is to be done.
    pub remedy: Remedy,
}

impl Finding {
    pub(super) fn new(
        payment: AuthorisationId,
        intent: IntentDetails,
        row: Option<Authorisation>,
        remedy: Remedy,
    ) -> Self {
        Self { payment, outcome: intent.outcome(), intent, row, remedy }
    }

    /// A row that names a charge which the processor does not have.
    pub(super) fn without_intent(row: Authorisation, id: IntentId) -> Self {
        let intent = IntentDetails {
            id,
            created: row.made,
            customer: None,
            amount: Some(row.amount),
            currency: row.currency.clone(),
            status: IntentStatus::Cancelled,
            is_refunded: false,
            metadata: BTreeMap::new(),
        };
        let remedy = Remedy::Investigate;
        Self { payment: row.id, intent, outcome: "missing", row: Some(row), remedy }
    }

    /// Gives the till of the payment, from its row or from the charge's metadata.
    #[must_use]
    pub fn till(&self) -> Option<&str> {
        let row = self.row.as_ref().map(|row| row.till.as_str());
        row.or_else(|| self.intent.metadata.get("till").map(String::as_str))
    }

    /// Gives the till's reference of the sale, from its row or from the charge's metadata.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        let row = self.row.as_ref().map(|row| row.reference.as_str());
        row.or_else(|| self.intent.metadata.get("reference").map(String::as_str))
    }
}

/// Says what is to be done about a charge whose payment has this row; `None` if they agree.
pub(super) fn remedy_for_row(
    intent: &IntentDetails,
    row: &Authorisation,
    now: UnixTime,
) -> Option<Remedy> {
    let is_own = row.intent.as_deref().is_none_or(|id| id == intent.id.as_str());
    let is_young = now.seconds().saturating_sub(row.made.seconds()) < DEADLINE;
    let is_open = row.state.is_open();
    // Up to the deadline the till and the job bring it on.
    if is_open && is_young {
        return Some(Remedy::Wait);
    }
    if !is_own
        || row.state == AuthorisationState::Declined
        || row.state == AuthorisationState::Voided
    {
        return remedy_without_payment(intent);
    }
    match (row.state, intent.status) {
        (AuthorisationState::Refunded, _) => remedy_without_payment(intent),
        (AuthorisationState::Charged, IntentStatus::Succeeded) if intent.is_refunded => {
            Some(Remedy::MarkRefunded)
        }
        (AuthorisationState::Charged, IntentStatus::Succeeded) => {
            let is_same = intent.amount == Some(row.amount) && intent.currency == row.currency;
            (!is_same).then_some(Remedy::Investigate)
        }
        (AuthorisationState::Charged, _) => Some(Remedy::Investigate),
        (AuthorisationState::Reversing, _) => Some(Remedy::Wait),
        (_, IntentStatus::Succeeded) if intent.is_refunded => Some(Remedy::MarkRefunded),
        (_, IntentStatus::Succeeded) => Some(Remedy::MarkCharged),
        (_, IntentStatus::Created) if row.intent.is_none() => Some(Remedy::Cancel),
        // The job ends it: nothing was charged.
        _ => Some(Remedy::Wait),
    }
}

/// Says what is to be done about a charge that no payment stands behind.
fn remedy_without_payment(intent: &IntentDetails) -> Option<Remedy> {
    match intent.status {
        IntentStatus::Succeeded if intent.is_refunded => None,
        IntentStatus::Succeeded => Some(Remedy::Refund),
        IntentStatus::Created => Some(Remedy::Cancel),
        IntentStatus::Processing => Some(Remedy::Wait),
        IntentStatus::Declined(_) | IntentStatus::Cancelled => None,
    }
}
