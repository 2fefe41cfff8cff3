//! Who moves the money: a card processor, of which this file says all that is asked.
//!
//! A charge goes in three steps, so that it can be asked after whatever happens on the way: an intent is *created*, which
//! moves nothing; its id is stored; then it is *confirmed*, which moves the money once, however often it is said. One
//! adapter ([`Stripe`]) speaks to Stripe, to its published test server and to our sandbox alike.

mod amount;
mod counted_processor;
mod intent_details;
mod intent_status;
mod request;
mod set;
mod setup;
mod stripe;
mod stripe_setup;

use crate::domain::{CustomerId, IntentId, MethodId};
pub use amount::{charge_amount, minor_amount};
pub(crate) use counted_processor::CountedProcessor;
pub use intent_details::{IntentDetails, IntentPage};
pub use intent_status::{CardDecline, IntentStatus};
pub use request::{ProcessorError, RequestKey};
pub use set::ProcessorSetupError;
pub(crate) use set::{ProcessorSetup, from_config};
pub use setup::{CardSetups, NewSetupIntent, SetupIntent, SetupRequest, SetupStatus};
pub use stripe::{Stripe, StripeError};

use async_trait::async_trait;
use tegata::UnixTime;

/// A charge that the processor is asked for.
#[derive(Clone, Debug)]
pub struct ChargeRequest<'a> {
    /// The customer whom the card belongs to.
    pub customer: &'a CustomerId,
    /// The card that is charged.
    pub method: &'a MethodId,
    /// The amount in minor units of ISO 4217.
    pub amount: u32,
    /// The currency in three small letters.
    pub currency: &'a str,
    /// What is stored with the charge at the processor, by name: enough to find whose it is without the issuer's rows.
    pub metadata: &'a [(&'static str, String)],
}

/// The operations of a card processor that the issuer needs.
#[async_trait]
pub trait Processor: CardSetups {
    /// Creates a customer, whom cards can belong to.
    async fn customer(&self, key: RequestKey<'_>) -> Result<CustomerId, ProcessorError>;

    /// Forgets a card. One that is forgotten already is.
    async fn detach(&self, method: &MethodId) -> Result<(), ProcessorError>;

    /// Makes an intent. No money is asked for.
    async fn create(
        &self,
        wanted: &ChargeRequest<'_>,
        key: RequestKey<'_>,
    ) -> Result<IntentId, ProcessorError>;

    /// Charges the card of an intent: once, however often it is said.
    async fn confirm(
        &self,
        intent: &IntentId,
        key: RequestKey<'_>,
    ) -> Result<IntentStatus, ProcessorError>;

    /// What has become of an intent.
    async fn retrieve(&self, intent: &IntentId) -> Result<IntentStatus, ProcessorError>;

    /// Reads all that the processor knows of an intent.
    async fn inspect(&self, intent: &IntentId) -> Result<IntentDetails, ProcessorError>;

    /// Lists the intents created at this moment or later, newest first: the first page, or the one that begins after the
    /// intent `after`.
    async fn list(
        &self,
        since: UnixTime,
        after: Option<&IntentId>,
    ) -> Result<IntentPage, ProcessorError>;

    /// Sees to it that an intent which was not charged never is.
    async fn cancel(
        &self,
        intent: &IntentId,
        key: RequestKey<'_>,
    ) -> Result<IntentStatus, ProcessorError>;

    /// Gives back all that was charged. What was given back already is not given back again; while the money is on its way
    /// it is left open whether it was done.
    async fn refund(&self, intent: &IntentId, key: RequestKey<'_>) -> Result<(), ProcessorError>;
}
