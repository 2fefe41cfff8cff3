//! How an authorisation looks to a till: no code, and of the shopper no more than the card on the receipt.

use serde::Serialize;
use tegata::UnixTime;
use tegata::protocol::PaymentNumber;
use utoipa::ToSchema;

use crate::domain::RegisteredCard;
use crate::store::{Authorisation, AuthorisationState, DeclineReason};

/// The status of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// The card was charged.
    Approved,
    /// The outcome is not known yet. Ask again; never request the same sale under another reference.
    Pending,
    /// The payment was declined; `reason` says why.
    Declined,
    /// Voided before the card was charged or before the request arrived.
    Voided,
    /// The payment is being voided.
    Reversing,
    /// Refunded to the card.
    Refunded,
}

impl PaymentStatus {
    /// Every status, for counts.
    pub(super) const ALL: [Self; 6] = [
        Self::Approved,
        Self::Pending,
        Self::Declined,
        Self::Voided,
        Self::Reversing,
        Self::Refunded,
    ];

    /// Names it as answers and counts do.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Pending => "pending",
            Self::Declined => "declined",
            Self::Voided => "voided",
            Self::Reversing => "reversing",
            Self::Refunded => "refunded",
        }
    }
}

/// A payment as its till sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuthorisationView {
    /// The payment's number; none if there is no payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "018f22e279b07cc3bfffffffffffffff")]
    pub id: Option<String>,
    /// The status of the payment.
    pub status: PaymentStatus,
    /// Why it was declined; none if the card was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<DeclineReason>,
    /// The amount in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1980)]
    pub amount: Option<u64>,
    /// The currency (ISO 4217).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "JPY")]
    pub currency: Option<String>,
    /// The till's reference of the sale.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-11-23-0042")]
    pub reference: Option<String>,
    /// The card that was charged, for the receipt: of a payment that is `approved` or `refunded`, asked for by itself and not
    /// in a list, unless the owner has removed the card since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<ChargedCard>,
    /// When it was made, in seconds since 1970.
    #[schema(example = 1_800_000_000)]
    pub time: u64,
    /// `true` if the sale of this reference was paid for by an earlier request, whose payment this is: no card was charged
    /// this time. Left out otherwise.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(default = false)]
    pub repeated: bool,
}

/// A card as a receipt names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChargedCard {
    /// The brand as the processor names it.
    #[schema(example = "visa")]
    pub brand: String,
    /// The last four digits of the card's number.
    #[schema(example = "4242")]
    pub last4: String,
}

impl From<RegisteredCard> for ChargedCard {
    fn from(RegisteredCard { brand, last4, .. }: RegisteredCard) -> Self {
        Self { brand, last4 }
    }
}

impl AuthorisationView {
    /// Shows an authorisation that stands in a row, under the number that it has outside.
    #[must_use]
    pub fn of(authorisation: &Authorisation, number: PaymentNumber) -> Self {
        Self {
            id: Some(hex::encode(number.0)),
            status: status(authorisation.state),
            reason: authorisation.reason,
            amount: Some(authorisation.amount),
            currency: Some(authorisation.currency.clone()),
            reference: Some(authorisation.reference.clone()),
            card: None,
            time: authorisation.made.seconds(),
            repeated: false,
        }
    }

    /// Shows a request that came to no authorisation.
    pub(super) fn without_payment(
        status: PaymentStatus,
        reason: Option<DeclineReason>,
        time: UnixTime,
    ) -> Self {
        Self {
            id: None,
            status,
            reason,
            amount: None,
            currency: None,
            reference: None,
            card: None,
            time: time.seconds(),
            repeated: false,
        }
    }
}

fn status(state: AuthorisationState) -> PaymentStatus {
    match state {
        AuthorisationState::Charged => PaymentStatus::Approved,
        AuthorisationState::Authorised
        | AuthorisationState::Charging
        | AuthorisationState::Unknown => PaymentStatus::Pending,
        AuthorisationState::Declined => PaymentStatus::Declined,
        AuthorisationState::Voided => PaymentStatus::Voided,
        AuthorisationState::Reversing => PaymentStatus::Reversing,
        AuthorisationState::Refunded => PaymentStatus::Refunded,
    }
}
