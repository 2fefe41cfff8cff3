//! The cards that payments are charged to.

use tegata::protocol::{self, CardNumber};

use super::call::call;
use crate::WalletError;

call! {
    /// A request about the account's cards.
    CardsCall: protocol::Cards =>
    /// Takes the response, and gives all cards as they are now.
    Vec<AccountCard>, |_, cards| cards.cards.into_iter().map(AccountCard::from).collect()
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
