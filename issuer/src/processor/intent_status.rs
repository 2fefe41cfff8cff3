//! What has become of a charge.

/// The status of an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentStatus {
    /// It was made, and no money was asked for.
    Created,
    /// The processor is not done with it.
    Processing,
    /// The card was charged.
    Succeeded,
    /// The card was not charged, and this intent never will be.
    Declined(CardDecline),
    /// It was cancelled before the card was charged.
    Cancelled,
}

/// Why a card was not charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardDecline {
    /// The account behind the card has too little money.
    Funds,
    /// The bank wants the owner to confirm, which nobody can at a till.
    Authentication,
    /// Any other reason; banks seldom tell.
    Other,
}
