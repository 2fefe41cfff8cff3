//! The cards of an account: shown, added, chosen, removed. The processor stores the card, the issuer stores its id there.

use tegata::protocol::{
    AccountCard, AddCard, CardNumber, Cards, ListCards, Refusal, RemoveCard, SetDefaultCard,
};
use tegata_policy::limits::AttemptLimit;
use tegata_policy::{Event, Reply, decide};

use super::request_secrets::RequestSecrets;
use super::session::Caller;
use super::{AccountError, Accounts};
use crate::domain::{AccountId, CardId, InternalError, MethodId, RegisteredCard};
use crate::processor::{Processor, ProcessorError, RequestKey};
use crate::store::{Card, CardChange};

/// Attempts to add a card: nobody tries stolen ones out here.
const ADD_CARD: AttemptLimit = AttemptLimit { tries: 10, seconds: 24 * 60 * 60 };

impl Accounts {
    /// Lists the account's cards.
    pub(crate) async fn list_cards(
        &self,
        caller: Caller,
        _: ListCards,
    ) -> Result<Cards, AccountError> {
        self.cards(caller.account).await
    }

    /// Registers a card with the processor, and adds it to the account.
    pub(crate) async fn add_card(
        &self,
        caller: Caller,
        message: AddCard,
        processor: &dyn Processor,
    ) -> Result<Cards, AccountError> {
        let token = message.token;
        let token = MethodId::new(token.expose()).map_err(|_| AccountError::Malformed)?;
        // Decided before the processor is asked, and again within the transaction that writes it.
        self.may_add_card(&caller)?;
        let Caller { account, session, .. } = caller;
        let now = self.environment.clock.now();
        let throttle = self.keys.throttle("card", &account.0);
        if let Some(wait) = self.store.take_attempt(throttle, ADD_CARD, now).await? {
            return Err(AccountError::TooManyAttempts { wait });
        }
        let card = CardId::make(now, &*self.environment.random)
            .map_err(|error| InternalError::new("making a number", &error))?;
        let registered = self.register_card(account, card, &token, processor).await?;
        let method = registered.method.clone();
        let event = Event::AddCard { session, card: card_name(&registered) };
        let change = CardChange::Add { card, registered, made: now };
        let request = RequestSecrets { card: Some(change), ..RequestSecrets::default() };
        if let Err(error) = self.apply(account, None, event, &request).await {
            // It stands in no row: the processor may forget it, and if it does not, nothing is ever charged to it.
            let _ = processor.detach(&method).await;
            return Err(error);
        }
        self.cards(account).await
    }

    /// Chooses the card that payments are charged to.
    pub(crate) async fn set_default_card(
        &self,
        caller: Caller,
        message: SetDefaultCard,
    ) -> Result<Cards, AccountError> {
        let Caller { account, session, .. } = caller;
        let change = CardChange::Default(CardId(message.card.0));
        let request = RequestSecrets { card: Some(change), ..RequestSecrets::default() };
        self.apply(account, None, Event::SetDefaultCard { session }, &request).await?;
        self.cards(account).await
    }

    /// Removes a card; the processor forgets it later.
    pub(crate) async fn remove_card(
        &self,
        caller: Caller,
        message: RemoveCard,
    ) -> Result<Cards, AccountError> {
        let Caller { account, session, signer, .. } = caller;
        let id = CardId(message.card.0);
        let cards = self.store.cards(account).await?;
        let card =
            cards.into_iter().find(|card| card.id == id).ok_or(Refusal::NoPendingOperation)?;
        let change = CardChange::Remove(id);
        let request = RequestSecrets { card: Some(change), ..RequestSecrets::default() };
        let event = Event::RemoveCard { session, signer, card: card_name(&card.registered) };
        self.apply(account, None, event, &request).await?;
        self.cards(account).await
    }

    async fn cards(&self, account: AccountId) -> Result<Cards, AccountError> {
        let cards = self.store.cards(account).await?;
        let view = |card: Card| AccountCard {
            card: CardNumber(card.id.0),
            brand: card.registered.brand,
            last4: card.registered.last4,
            default: card.is_default,
        };
        Ok(Cards { cards: cards.into_iter().map(view).collect() })
    }

    fn may_add_card(&self, caller: &Caller) -> Result<(), AccountError> {
        let now = self.environment.clock.now();
        let policy = Self::policy_context(&caller.context.global_state, now);
        let event = Event::AddCard { session: caller.session, card: String::new() };
        match decide(caller.context.state.clone(), event, &policy).reply {
            Reply::Refused(refusal) => Err(refusal.into()),
            _ => Ok(()),
        }
    }

    /// Registers a card with the account's customer at the processor.
    async fn register_card(
        &self,
        account: AccountId,
        card: CardId,
        token: &MethodId,
        processor: &dyn Processor,
    ) -> Result<RegisteredCard, AccountError> {
        // Keys of this attempt: a failure that the processor saved under one is not met again by the next.
        let known = self.store.customer(account).await?;
        let customer = if let Some(customer) = known {
            customer
        } else {
            let created = processor.customer(RequestKey(&format!("customer-{card}"))).await;
            self.store.store_customer(account, created.map_err(processor_error)?).await?
        };
        let key = format!("attach-{card}");
        processor.attach(&customer, token, RequestKey(&key)).await.map_err(processor_error)
    }
}

/// Names a card as a mail does: `visa 4242`.
fn card_name(card: &RegisteredCard) -> String {
    format!("{} {}", card.brand, card.last4)
}

fn processor_error(fault: ProcessorError) -> AccountError {
    match fault {
        ProcessorError::OutcomeUnknown(_) => {
            tracing::warn!(%fault, "the processor did not answer");
            AccountError::Interrupted
        }
        ProcessorError::Rejected(401 | 403) => {
            AccountError::internal("asking the processor", &fault)
        }
        ProcessorError::NotFound | ProcessorError::WrongState | ProcessorError::Rejected(_) => {
            AccountError::CardRefused
        }
    }
}
