//! Charges as the processor lists them, with what it needs to compare them with the rows.

use std::collections::BTreeMap;

use tegata::UnixTime;

use super::intent_status::IntentStatus;
use crate::domain::{CustomerId, IntentId};

/// What the processor knows of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentDetails {
    /// The processor's id of the charge.
    pub id: IntentId,
    /// When it was created, by the processor's clock.
    pub created: UnixTime,
    /// The customer whose card it is; `None` for a charge that some other program asked for.
    pub customer: Option<CustomerId>,
    /// The amount in minor units of ISO 4217; `None` if it cannot be one of the issuer's.
    pub amount: Option<u64>,
    /// The currency in three capital letters.
    pub currency: String,
    /// What has become of it.
    pub status: IntentStatus,
    /// Whether all of what was charged was refunded, or is on its way back.
    pub is_refunded: bool,
    /// What was stored with it, by name.
    pub metadata: BTreeMap<String, String>,
}

impl IntentDetails {
    /// Says whether the card was charged and the money was not returned.
    #[must_use]
    pub fn holds_money(&self) -> bool {
        self.status == IntentStatus::Succeeded && !self.is_refunded
    }

    /// Names what has become of it.
    #[must_use]
    pub const fn outcome(&self) -> &'static str {
        match self.status {
            IntentStatus::Succeeded if self.is_refunded => "refunded",
            IntentStatus::Succeeded => "charged",
            IntentStatus::Created => "created",
            IntentStatus::Processing => "processing",
            IntentStatus::Declined(_) => "declined",
            IntentStatus::Cancelled => "cancelled",
        }
    }
}

/// One page of a list of charges, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentPage {
    /// The charges of this page.
    pub intents: Vec<IntentDetails>,
    /// Whether older ones follow.
    pub has_more: bool,
}
