//! The cards of an account: shown, added, chosen, removed. The processor keeps the card, we keep what it calls it.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::{Extension, Json};
use tegata::protocol::Refusal;
use tegata::protocol::{
    AccountCard, AddCard, Call, CardNumber, Cards, ListCards, RemoveCard, SetDefaultCard,
};
use tegata_policy::limits::AttemptLimit;
use tegata_policy::{Event, Reply, decide};

use super::Accounts;
use super::given::Given;
use super::signing::Caller;
use crate::domain::{AccountId, CardId, Environment, MethodId, RegisteredCard};
use crate::http::body::Strict;
use crate::http::problem::{Problem, RetryAfter};
use crate::processor::{Fault, Key, Processor};
use crate::store::{Card, CardChange};

/// Tries to add a card: whoever tries stolen ones out does not do it here.
const ADDED: AttemptLimit = AttemptLimit { tries: 10, seconds: 24 * 60 * 60 };

type Answered = Result<Json<<ListCards as Call>::Answer>, Problem>;
type Here = Extension<Accounts>;
type There = Extension<Arc<dyn Processor>>;

pub(super) async fn list_cards(
    Extension(accounts): Here,
    headers: HeaderMap,
    _request: Strict<ListCards>,
) -> Answered {
    let caller = accounts.caller(&headers).await?;
    accounts.cards(caller.account).await
}

pub(super) async fn add_card(
    Extension(accounts): Here,
    Extension(processor): There,
    headers: HeaderMap,
    request: Strict<AddCard>,
) -> Answered {
    let caller = accounts.caller(&headers).await?;
    let token = request.value.token;
    let token = MethodId::new(token.expose()).map_err(|_| Problem::Malformed)?;
    // Asked before the processor is, and again within the transaction that writes it.
    accounts.may_add(&caller)?;
    let (account, session) = (caller.account, caller.session);
    let Environment { clock, random, .. } = &accounts.world;
    let now = clock.now();
    let tries = accounts.keys.throttle("card", &account.0);
    if let Some(wait) =
        accounts.store.take_attempt(tries, ADDED, now).await.map_err(Problem::of_store)?
    {
        return Err(Problem::TooMany { retry_after: RetryAfter::from_wait(wait) });
    }
    let card = CardId::make(now, &**random)
        .map_err(|error| Problem::internal("making a number", &error))?;
    let registered = accounts.registered(account, card, &token, &*processor).await?;
    let method = registered.method.clone();
    let event = Event::AddCard { session, card: name(&registered) };
    let given =
        Given { card: Some(CardChange::Add { card, registered, made: now }), ..Given::default() };
    if let Err(problem) = accounts.act(account, None, event, &given).await {
        // It stands in no row: the processor may forget it, and if it does not, nothing is ever charged to it.
        let _ = processor.detach(&method).await;
        return Err(problem);
    }
    accounts.cards(account).await
}

pub(super) async fn default_card(
    Extension(accounts): Here,
    headers: HeaderMap,
    request: Strict<SetDefaultCard>,
) -> Answered {
    let Caller { account, session, .. } = accounts.caller(&headers).await?;
    let card = CardId(request.value.card.0);
    let given = Given { card: Some(CardChange::Default(card)), ..Given::default() };
    accounts.act(account, None, Event::SetDefaultCard { session }, &given).await?;
    accounts.cards(account).await
}

pub(super) async fn remove_card(
    Extension(accounts): Here,
    headers: HeaderMap,
    request: Strict<RemoveCard>,
) -> Answered {
    let Caller { account, session, .. } = accounts.caller(&headers).await?;
    let id = CardId(request.value.card.0);
    let kept = accounts.store.cards(account).await.map_err(Problem::of_store)?;
    let kept = kept.into_iter().find(|card| card.id == id);
    let kept = kept.ok_or(Problem::Refused(Refusal::NoPendingOperation))?;
    let given = Given { card: Some(CardChange::Remove(id)), ..Given::default() };
    let event = Event::RemoveCard { session, card: name(&kept.registered) };
    accounts.act(account, None, event, &given).await?;
    accounts.cards(account).await
}

/// As a mail names it: `visa 4242`.
fn name(card: &RegisteredCard) -> String {
    format!("{} {}", card.brand, card.last4)
}

impl Accounts {
    async fn cards(&self, account: AccountId) -> Answered {
        let cards = self.store.cards(account).await.map_err(Problem::of_store)?;
        let view = |card: Card| AccountCard {
            card: CardNumber(card.id.0),
            brand: card.registered.brand,
            last4: card.registered.last4,
            default: card.is_default,
        };
        Ok(Json(Cards { cards: cards.into_iter().map(view).collect() }))
    }

    fn may_add(&self, caller: &Caller) -> Result<(), Problem> {
        let world = Self::world(&caller.found.global_state, self.world.clock.now());
        let event = Event::AddCard { session: caller.session, card: String::new() };
        match decide(caller.found.state.clone(), event, &world).reply {
            Reply::Refused(refusal) => Err(Problem::Refused(refusal)),
            _ => Ok(()),
        }
    }

    /// The card, registered with the account's customer at the processor.
    async fn registered(
        &self,
        account: AccountId,
        card: CardId,
        token: &MethodId,
        processor: &dyn Processor,
    ) -> Result<RegisteredCard, Problem> {
        // Keys of this try: a failure that the processor saved under one is not met again by the next.
        let known = self.store.customer(account).await.map_err(Problem::of_store)?;
        let customer = if let Some(customer) = known {
            customer
        } else {
            let made = processor.customer(Key(&format!("customer-{card}"))).await;
            let made = made.map_err(of_processor)?;
            self.store.store_customer(account, made).await.map_err(Problem::of_store)?
        };
        let key = format!("attach-{card}");
        processor.attach(&customer, token, Key(&key)).await.map_err(of_processor)
    }
}

fn of_processor(fault: Fault) -> Problem {
    match fault {
        Fault::Unclear(_) => {
            tracing::warn!(%fault, "the processor did not answer");
            Problem::busy()
        }
        Fault::Refused(401 | 403) => Problem::internal("asking the processor", &fault),
        Fault::Missing | Fault::OtherState | Fault::Refused(_) => Problem::CardRefused,
    }
}
