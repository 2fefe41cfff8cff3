//! How a card comes to an account: its holder registers it at the processor, by a setup intent that the issuer made, and
//! the issuer asks the processor what came of it. Nothing that a shopper sends names a card.

use async_trait::async_trait;
use tegata::protocol::CardSetupSecret;

use super::request::{ProcessorError, RequestKey};
use crate::domain::{CustomerId, Fingerprint, RegisteredCard, SetupId};

/// A setup intent that the processor is asked for.
#[derive(Clone, Copy, Debug)]
pub struct SetupRequest<'a> {
    /// The customer whom the card will belong to.
    pub customer: &'a CustomerId,
    /// The id that the card will have at the issuer, stored with the setup intent at the processor.
    pub card: &'a str,
}

/// A setup intent as it was made.
#[derive(Clone, Debug)]
pub struct NewSetupIntent {
    /// Its id, which alone is worth nothing.
    pub id: SetupId,
    /// What the processor's form needs.
    pub client_secret: CardSetupSecret,
}

/// A setup intent as the processor knows it.
#[derive(Clone, Debug)]
pub struct SetupIntent {
    /// The customer whom it was made for.
    pub customer: Option<CustomerId>,
    /// Whether the card may be charged while its holder is not there.
    pub is_off_session: bool,
    /// The id at the issuer that it was made for.
    pub card: Option<String>,
    /// What came of it.
    pub status: SetupStatus,
}

/// What came of a setup intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupStatus {
    /// No card is registered yet: the holder has to act, or the last attempt failed.
    Waiting,
    /// The holder registered this card, whose number has this fingerprint.
    Succeeded(RegisteredCard, Fingerprint),
    /// It was cancelled before a card was registered.
    Cancelled,
}

impl SetupIntent {
    /// Gives the card that was registered, if it is the one that this request asked for.
    #[must_use]
    pub fn card_of(self, request: &SetupRequest<'_>) -> Option<(RegisteredCard, Fingerprint)> {
        let is_same = self.customer.as_ref() == Some(request.customer)
            && self.card.as_deref() == Some(request.card);
        match self.status {
            SetupStatus::Succeeded(card, fingerprint) if is_same && self.is_off_session => {
                Some((card, fingerprint))
            }
            _ => None,
        }
    }
}

/// What a processor does to register cards.
#[async_trait]
pub trait CardSetups: Send + Sync {
    /// Makes a setup intent for charges while the holder is not there; the bank is to ask the holder whenever it can.
    async fn begin_setup(
        &self,
        request: &SetupRequest<'_>,
        key: RequestKey<'_>,
    ) -> Result<NewSetupIntent, ProcessorError>;

    /// Tells what came of a setup intent. One of the other mode, test or live, is not found.
    async fn setup(&self, id: &SetupId) -> Result<SetupIntent, ProcessorError>;

    /// Counts the attempts that failed, up to a hundred.
    async fn failed_attempts(&self, id: &SetupId) -> Result<u32, ProcessorError>;

    /// Sees to it that no card is registered by a setup intent any more. One that is over already is.
    async fn cancel_setup(&self, id: &SetupId) -> Result<(), ProcessorError>;
}
