//! The cards of an account: shown, chosen, removed. The processor stores the card, the issuer stores its id there.

use tegata::protocol::{
    AccountCard, CardNumber, Cards, ListCards, Refusal, RemoveCard, SetDefaultCard,
};
use tegata_policy::Event;

use super::request_secrets::RequestSecrets;
use super::session::Caller;
use super::transaction::carried_out;
use super::{AccountError, Accounts};
use crate::domain::{AccountId, CardId, RegisteredCard};
use crate::store::{Card, CardChange};

impl Accounts {
    /// Lists the account's cards.
    pub(crate) async fn list_cards(
        &self,
        caller: Caller,
        _: ListCards,
    ) -> Result<Cards, AccountError> {
        self.cards(caller.account).await
    }

    /// Chooses the card that payments are charged to.
    pub(crate) async fn set_default_card(
        &self,
        caller: Caller,
        message: SetDefaultCard,
    ) -> Result<Cards, AccountError> {
        let Caller { account, session, signed, is_carried_out, .. } = caller;
        if is_carried_out {
            return self.cards(account).await;
        }
        let change = CardChange::Default(CardId(message.card.0));
        let request = RequestSecrets { card: Some(change), ..RequestSecrets::of(signed) };
        let event = Event::SetDefaultCard { session };
        self.apply(account, None, event, &request, carried_out).await?;
        self.cards(account).await
    }

    /// Removes a card; the processor forgets it later.
    pub(crate) async fn remove_card(
        &self,
        caller: Caller,
        message: RemoveCard,
    ) -> Result<Cards, AccountError> {
        let Caller { account, session, signer, signed, is_carried_out, .. } = caller;
        if is_carried_out {
            return self.cards(account).await;
        }
        let id = CardId(message.card.0);
        let cards = self.store.cards(account).await?;
        let card =
            cards.into_iter().find(|card| card.id == id).ok_or(Refusal::NoPendingOperation)?;
        let change = CardChange::Remove(id);
        let request = RequestSecrets { card: Some(change), ..RequestSecrets::of(signed) };
        let event = Event::RemoveCard { session, signer, card: card_name(&card.registered) };
        self.apply(account, None, event, &request, carried_out).await?;
        self.cards(account).await
    }

    pub(super) async fn cards(&self, account: AccountId) -> Result<Cards, AccountError> {
        let cards = self.store.cards(account).await?;
        let view = |card: Card| AccountCard {
            card: CardNumber(card.id.0),
            brand: card.registered.brand,
            last4: card.registered.last4,
            default: card.is_default,
        };
        Ok(Cards { cards: cards.into_iter().map(view).collect() })
    }
}

/// Names a card as a mail does: `visa 4242`.
pub(super) fn card_name(card: &RegisteredCard) -> String {
    format!("{} {}", card.brand, card.last4)
}
