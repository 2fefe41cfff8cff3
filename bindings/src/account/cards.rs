//! The cards that payments are charged to.

use std::sync::Arc;

use tegata::protocol::{self, CardNumber};

use super::call::call;
use crate::WalletError;

call! {
    /// A request about the account's cards.
    CardsCall: protocol::Cards =>
    /// Takes the response, and gives all cards as they are now.
    Vec<AccountCard>, |_, cards| cards.cards.into_iter().map(AccountCard::from).collect()
}

call! {
    /// A request to begin the registration of a card.
    CardSetupCall: protocol::CardSetup =>
    /// Takes the response, and gives what the processor's card form needs.
    Arc<CardSetup>, |_, setup| Arc::new(CardSetup(setup))
}

/// A registration of a card that was begun: its holder completes it in the processor's form, within 15 minutes.
#[derive(uniffi::Object)]
pub struct CardSetup(protocol::CardSetup);

#[uniffi::export]
impl CardSetup {
    /// Gives the id to add the card by.
    #[must_use]
    pub fn id(&self) -> String {
        self.0.setup.expose().to_owned()
    }

    /// Gives what the processor's form needs. It is for that form only: do not store or log it.
    #[must_use]
    pub fn reveal_client_secret(&self) -> String {
        self.0.client_secret.expose().to_owned()
    }
}

/// A card of an account, without its number.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountCard {
    /// The issuer's id of the card.
    pub id: String,
    /// The brand as the processor names it: `visa`.
    pub brand: String,
    /// The last four digits of the card's number.
    pub last4: String,
    /// Whether payments are charged to this card.
    pub is_default: bool,
}

impl From<protocol::AccountCard> for AccountCard {
    fn from(card: protocol::AccountCard) -> Self {
        let protocol::AccountCard { card, brand, last4, default } = card;
        Self { id: card.into(), brand, last4, is_default: default }
    }
}

/// Reads a card's id, as a list of cards gives it.
pub(super) fn card_id(id: String) -> Result<CardNumber, WalletError> {
    id.try_into().map_err(WalletError::invalid)
}
