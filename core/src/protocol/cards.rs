//! The cards that payments are charged to.

use serde::{Deserialize, Serialize};

use super::call::{Call, RequiredAuth, SessionCall};
use super::secrets::{CardSetupName, CardSetupSecret};
use super::values::CardNumber;
use crate::text::deserialize_plain;

calls! {
    /// Lists the account's cards. Payments are charged to the default one.
    ListCards "/v1/cards" RequiredAuth::Session, idempotent => Cards {}

    /// Begins the registration of a card. Requires a recently verified second factor. The card's holder completes it in
    /// the processor's own form within 15 minutes; one that was begun before and is open is cancelled.
    BeginCardSetup "/v1/cards/setup" RequiredAuth::SignedSession => CardSetup {}

    /// Adds the card that its holder registered. Has to come from the session that began the registration. The only card
    /// is the default.
    AddCard "/v1/cards/add" RequiredAuth::SignedSession => Cards {
        /// The id of the registration.
        setup: CardSetupName,
    }

    /// Makes another card the default. Requires a recently verified second factor.
    SetDefaultCard "/v1/cards/default" RequiredAuth::SignedSession, idempotent => Cards {
        /// The card to charge from now on.
        card: CardNumber,
    }

    /// Removes a card immediately. Requires the signature of the session's device, or a recently verified second factor.
    /// If it was the default, there is none until another is chosen, and nothing can be paid.
    RemoveCard "/v1/cards/remove" RequiredAuth::Session => Cards {
        /// The card to remove.
        card: CardNumber,
    }
}

session_calls! {
    ListCards,
    BeginCardSetup,
    AddCard,
    SetDefaultCard,
    RemoveCard
}

/// A registration of a card that was begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CardSetup {
    /// Its id, to add the card by.
    pub setup: CardSetupName,
    /// What the processor's form needs to register a card.
    pub client_secret: CardSetupSecret,
}

/// The cards of an account, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cards {
    /// The cards, oldest first.
    pub cards: Vec<AccountCard>,
}

/// A card of an account, without its number.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountCard {
    /// The card's id at the issuer.
    pub card: CardNumber,
    /// The brand as the processor names it.
    #[cfg_attr(feature = "openapi", schema(example = "visa"))]
    #[serde(deserialize_with = "deserialize_plain")]
    pub brand: String,
    /// The last four digits of the card's number.
    #[cfg_attr(feature = "openapi", schema(example = "4242"))]
    #[serde(deserialize_with = "deserialize_plain")]
    pub last4: String,
    /// Whether payments are charged to this card.
    pub default: bool,
}
