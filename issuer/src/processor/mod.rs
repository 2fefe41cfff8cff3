//! Who moves the money: a card processor, of which this file says all that is asked.
//!
//! A charge goes in three steps, so that it can be asked after whatever happens on the way: an intent is *created*, which
//! moves nothing; its id is stored; then it is *confirmed*, which moves the money once, however often it is said. One
//! adapter ([`Stripe`]) speaks to Stripe, to its published test server and to our sandbox alike.

mod set;
mod stripe;

use crate::domain::{CustomerId, IntentId, MethodId, RegisteredCard};
pub use set::ProcessorError;
pub(crate) use set::from_config;
pub use stripe::{Stripe, StripeError};

use async_trait::async_trait;

/// A charge that is wanted.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Whose card it is.
    pub customer: &'a CustomerId,
    /// Which card.
    pub method: &'a MethodId,
    /// How much, in minor units.
    pub amount: u32,
    /// In which currency, three small letters.
    pub currency: &'a str,
    /// What for: kept beside the charge at the processor.
    pub what_for: &'a str,
}

/// What is repeated under the same key is done once, and answered as it was the first time.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a>(pub &'a str);

/// What has become of an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was made, and no money was asked for.
    Created,
    /// The processor is not done with it.
    Processing,
    /// The card was charged.
    Succeeded,
    /// The card was not charged, and this intent never will be.
    Declined(Decline),
    /// It was cancelled before the card was charged.
    Cancelled,
}

/// Why a card was not charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decline {
    /// There is not enough behind it.
    Funds,
    /// Its bank wants its owner to say yes, and she is at a till.
    Authentication,
    /// Any other reason; banks seldom tell.
    Other,
}

/// The processor did not say what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No answer, or one that leaves open whether it was done: a time-out, a broken connection, a failure of theirs.
    #[error("the outcome at the processor is unknown: {0}")]
    Unclear(&'static str),
    /// It was not done: the thing is in another state than this asks for.
    #[error("the object is in another state at the processor")]
    OtherState,
    /// Not carried out: the processor has no such object.
    #[error("the processor has no such object")]
    Missing,
    /// It was not done, and it is our fault or that of our settings.
    #[error("the processor rejected the request with {0}")]
    Refused(u16),
}

/// A card processor.
#[async_trait]
pub trait Processor: Send + Sync {
    /// A customer, whom cards can belong to.
    async fn customer(&self, key: Key<'_>) -> Result<CustomerId, Fault>;

    /// Registers a card with a customer, by the token that it was given out for.
    async fn attach(
        &self,
        customer: &CustomerId,
        token: &MethodId,
        key: Key<'_>,
    ) -> Result<RegisteredCard, Fault>;

    /// Forgets a card. One that is forgotten already is.
    async fn detach(&self, method: &MethodId) -> Result<(), Fault>;

    /// Makes an intent. No money is asked for.
    async fn create(&self, wanted: &Wanted<'_>, key: Key<'_>) -> Result<IntentId, Fault>;

    /// Charges the card of an intent: once, however often it is said.
    async fn confirm(&self, intent: &IntentId, key: Key<'_>) -> Result<Status, Fault>;

    /// What has become of an intent.
    async fn retrieve(&self, intent: &IntentId) -> Result<Status, Fault>;

    /// Sees to it that an intent which was not charged never is.
    async fn cancel(&self, intent: &IntentId, key: Key<'_>) -> Result<Status, Fault>;

    /// Gives back all that was charged. What was given back already is not given back again; while the money is on its way
    /// it is left open whether it was done.
    async fn refund(&self, intent: &IntentId, key: Key<'_>) -> Result<(), Fault>;
}
