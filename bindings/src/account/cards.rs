//! The cards that are charged for what is paid.

use std::sync::Arc;

use tegata::protocol::{
    self, AccountCard, AddCard, CardNumber, CardToken, ListCards, RemoveCard, SetDefaultCard,
};

use super::{Account, CardsCall};
use crate::WalletError;

/// A card of an account. Its number is nowhere here.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountCard {
    /// What it is called here.
    pub id: String,
    /// Its brand, in the processor's word: `visa`.
    pub brand: String,
    /// The last four digits of its number.
    pub last4: String,
    /// Whether it is the one that is charged.
    pub is_charged: bool,
}

#[uniffi::export]
impl Account {
    /// The cards that the account has, in the order in which they came.
    pub fn cards(&self) -> Result<Arc<CardsCall>, WalletError> {
        self.in_session(&ListCards {})
    }

    /// Adds a card, by the token that the processor's own form gave for it, never by its number. The first one is the
    /// one that is charged. The second factor was given within the last five minutes.
    pub fn add_card(&self, token: String) -> Result<Arc<CardsCall>, WalletError> {
        let token = CardToken::new(&token).map_err(WalletError::invalid)?;
        self.in_session(&AddCard { token })
    }

    /// Has another card charged from now on. The second factor was given within the last five minutes.
    pub fn charge_card(&self, id: String) -> Result<Arc<CardsCall>, WalletError> {
        self.in_session(&SetDefaultCard { card: card(id)? })
    }

    /// Removes a card at once. If it was the one that is charged, the one that was there longest is.
    pub fn remove_card(&self, id: String) -> Result<Arc<CardsCall>, WalletError> {
        self.in_session(&RemoveCard { card: card(id)? })
    }
}

fn card(id: String) -> Result<CardNumber, WalletError> {
    id.try_into().map_err(WalletError::invalid)
}

/// All of an account's, as the issuer tells them.
pub(super) fn all(kept: protocol::Cards) -> Vec<AccountCard> {
    let one = |AccountCard { card, brand, last4, default }| AccountCard {
        id: card.into(),
        brand,
        last4,
        is_charged: default,
    };
    kept.cards.into_iter().map(one).collect()
}
