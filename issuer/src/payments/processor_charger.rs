//! Charging a card for what was authorised: exactly once, or not at all, whatever breaks on the way.
//!
//! Each step ends in a row before the next begins, and the processor is never asked within a transaction:
//!
//! | the row says | what was asked of the processor, at most | what is done next |
//! |---|---|---|
//! | `authorised` | an intent was made whose id is lost: it was never confirmed, and never will be | make one, store its id with `charging` |
//! | `charging` or `unknown`, with an intent | it was confirmed | confirm it, or ask what became of it |
//! | `reversing`, no intent | as above | `voided` |
//! | `reversing`, with an intent | it was confirmed | cancel it, or give back what was charged |
//!
//! Money moves by confirming an intent, an intent is confirmed only when its id stands in the row, and a row has one
//! intent: that is why a card is charged once. A row that is not over is found again by the job that reconciles: that is
//! why nothing charged is forgotten. A row is moved from the version that was read; whoever was slower does nothing more.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tegata::{Clock, UnixTime};

use super::busy_payments::BusyPayments;
use super::{CardCharger, ChargeOutcome, charge_metadata};
use crate::domain::{AuthorisationId, IntentId};
use crate::processor::{ChargeRequest, IntentStatus, Processor, ProcessorError, RequestKey};
use crate::store::{
    Authorisation, AuthorisationState, ChargeableCard, NewAuthorisation, ReceiptWriter, Store,
    StoreError, TillRequest,
};

/// How long a lease on a row lasts, in seconds: longer than all that is asked of the processor for it takes.
const LEASE_SECONDS: i64 = 30;
/// How long after its authorisation a card may still be charged, in seconds. The cashier waits; after that, cashier and
/// shopper have found another way.
pub const DEADLINE: u64 = 120;
/// How long after the last try a till's question is another, in seconds; a quarter of the payment's age, if that is more.
const BETWEEN_QUESTIONS: u64 = 2;
/// How many are brought on at a time: while the processor is slow with one, others go on.
const CONCURRENCY: usize = 64;
/// How many are read at a time.
const PAGE: u32 = 256;
/// How many pages in one round, 4,096 payments: what an outage of minutes left is gone after a few rounds, and while the
/// processor is away a round ends all the same.
const MAX_PAGES: usize = 16;
/// How many cards are forgotten in one round.
const CARDS_PER_ROUND: u32 = 16;
/// How long the processor has to forget a card before it is asked again, in seconds.
const FORGET_RETRY_SECONDS: i64 = 60;

/// Charges cards. A clone is the same one.
#[derive(Clone)]
pub struct ProcessorCharger {
    store: Store,
    processor: Arc<dyn Processor>,
    clock: Arc<dyn Clock>,
    receipts: Arc<dyn ReceiptWriter>,
    busy: BusyPayments,
}

impl std::fmt::Debug for ProcessorCharger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProcessorCharger")
    }
}

/// What is known of a charge beyond its row.
enum ChargeKnowledge {
    /// No more than its row says.
    Row,
    /// It is new: the card that its account is charged with, and the till's request.
    New(Option<ChargeableCard>, Option<TillRequest>),
    /// What became of its intent.
    Status(IntentStatus),
}

/// Why a charge cannot be advanced now.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Processor(#[from] ProcessorError),
    #[error("the processor has not finished")]
    Processing,
    #[error("a stored processor id is invalid")]
    Unreadable,
}

#[async_trait]
impl CardCharger for ProcessorCharger {
    async fn charge(&self, made: NewAuthorisation) -> ChargeOutcome {
        let NewAuthorisation { authorisation, card, request } = made;
        // What someone else works on is left alone.
        let it = match authorisation.state {
            AuthorisationState::Authorised => {
                self.advance(authorisation, ChargeKnowledge::New(card, request)).await
            }
            _ => Some(authorisation),
        };
        match it.map(|it| it.state) {
            Some(AuthorisationState::Charged) => ChargeOutcome::Done,
            Some(
                AuthorisationState::Declined
                | AuthorisationState::Voided
                | AuthorisationState::Refunded,
            ) => ChargeOutcome::Declined,
            _ => ChargeOutcome::Pending,
        }
    }

    async fn reverse(&self, id: AuthorisationId) -> ChargeOutcome {
        match self.finish_reversal(id).await.map(|it| it.state) {
            Some(
                AuthorisationState::Voided
                | AuthorisationState::Refunded
                | AuthorisationState::Declined,
            ) => ChargeOutcome::Done,
            _ => ChargeOutcome::Pending,
        }
    }

    async fn go_on(&self, from: Authorisation) -> Authorisation {
        let now = self.clock.now().seconds();
        let floor = BETWEEN_QUESTIONS.max(now.saturating_sub(from.made.seconds()) / 4);
        let is_early = now.saturating_sub(from.changed.seconds()) < floor;
        if !from.state.is_open() || is_early || self.busy.contains(from.id) {
            return from;
        }
        // Whoever else took it has it now.
        let Ok(held) = self.store.claim_charge(from.clone(), self.clock.now()).await else {
            return from;
        };
        self.advance(held, ChargeKnowledge::Row).await.unwrap_or(from)
    }
}

impl ProcessorCharger {
    /// With this store and this processor; `tell` gives whose cards they are.
    #[must_use]
    pub fn new(
        store: Store,
        processor: Arc<dyn Processor>,
        clock: Arc<dyn Clock>,
        receipts: Arc<dyn ReceiptWriter>,
    ) -> Self {
        Self { store, processor, clock, receipts, busy: BusyPayments::default() }
    }

    async fn transition(
        &self,
        at: Authorisation,
        to: AuthorisationState,
    ) -> Result<Authorisation, StoreError> {
        self.store.transition(at, to, self.clock.now(), Arc::clone(&self.receipts)).await
    }

    /// Takes up what is not over and lies about: all of it, up to some thousand. Several processes may do so at once.
    ///
    /// # Errors
    /// Those of the database; what was begun is brought on all the same. What the processor leaves open is for the next
    /// time, and logged.
    pub async fn reconcile(&self) -> Result<(), StoreError> {
        // What is held from now on was touched later than that, so no page has it again.
        let before = self.clock.now().shifted(-LEASE_SECONDS);
        let mut at_work = FuturesUnordered::new();
        let mut result = Ok(());
        for _ in 0..MAX_PAGES {
            let page = match self.store.open_charges(before, PAGE).await {
                Ok(page) => page,
                Err(error) => {
                    result = Err(error);
                    break;
                }
            };
            let is_last = page.len() < PAGE as usize;
            for it in page {
                if at_work.len() == CONCURRENCY
                    && let Some(done) = at_work.next().await
                {
                    result = result.and(done);
                }
                at_work.push(self.resume(it));
            }
            // A row that cannot be held would be on the next page again.
            if is_last || result.is_err() {
                break;
            }
        }
        while let Some(done) = at_work.next().await {
            result = result.and(done);
        }
        result?;
        self.forget_cards().await
    }

    async fn resume(&self, it: Authorisation) -> Result<(), StoreError> {
        match self.store.claim_charge(it, self.clock.now()).await {
            Ok(held) => {
                self.advance(held, ChargeKnowledge::Row).await;
                Ok(())
            }
            // Whoever else took it has it now.
            Err(StoreError::VersionConflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn forget_cards(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let gone = self
            .store
            .cards_to_forget(now, now.shifted(FORGET_RETRY_SECONDS), CARDS_PER_ROUND)
            .await?;
        for method in gone {
            match self.processor.detach(&method).await {
                Ok(()) => self.store.remove_forgotten_card(&method).await?,
                Err(fault) => tracing::warn!(%fault, "cannot detach a card at the processor"),
            }
        }
        Ok(())
    }

    /// As it stands after all that can be done for it now.
    async fn finish_reversal(&self, id: AuthorisationId) -> Option<Authorisation> {
        let it = self.store.authorisation(id).await.ok().flatten()?;
        match it.state {
            AuthorisationState::Reversing => self.advance(it, ChargeKnowledge::Row).await,
            _ => Some(it),
        }
    }

    /// Goes on from step to step until it is over or error. The caller holds this version, or finds out that another does.
    async fn advance(
        &self,
        from: Authorisation,
        mut known: ChargeKnowledge,
    ) -> Option<Authorisation> {
        let id = from.id;
        let _busy = self.busy.insert(id);
        let mut now = from;
        while now.state.is_open() {
            match self.step(now.clone(), known).await {
                Ok(next) => (now, known) = next,
                Err(error) => {
                    self.mark_unknown(now, &error).await;
                    // A database that dies may still show what it had no time to make durable: nobody is told of it.
                    if matches!(error, StepError::Store(StoreError::CommitOutcomeUnknown)) {
                        return None;
                    }
                    // Perhaps somebody else has brought it further.
                    return self.store.authorisation(id).await.ok().flatten();
                }
            }
        }
        Some(now)
    }

    /// What was asked and is not known is called so: the till hears it, and the job takes it up.
    async fn mark_unknown(&self, at: Authorisation, error: &StepError) {
        if matches!(error, StepError::Store(StoreError::VersionConflict)) {
            return;
        }
        tracing::warn!(authorisation = %at.id, state = at.state.name(), %error, "charge not completed");
        if at.state == AuthorisationState::Charging {
            // If this is not written, either, it is `charging` that the job finds.
            let _ = self.transition(at, AuthorisationState::Unknown).await;
        }
    }

    /// One step from the version that was read.
    async fn step(
        &self,
        at: Authorisation,
        known: ChargeKnowledge,
    ) -> Result<(Authorisation, ChargeKnowledge), StepError> {
        let now = self.clock.now();
        let is_late = is_late(&at, now);
        let next = match (at.state, &at.intent) {
            (AuthorisationState::Authorised, _) if is_late => AuthorisationState::Voided,
            (AuthorisationState::Reversing, None) => AuthorisationState::Voided,
            (AuthorisationState::Reversing, Some(intent)) => {
                self.reversed(&at, &name(intent)?).await?
            }
            (_, _) if is_late => AuthorisationState::Reversing,
            (_, None) => return self.with_intent(at, known).await,
            (_, Some(intent)) => self.charged(&at, &name(intent)?, known).await?,
        };
        Ok((self.transition(at, next).await?, ChargeKnowledge::Row))
    }

    /// An intent is made, and its id stored before anything else is done with it.
    async fn with_intent(
        &self,
        at: Authorisation,
        known: ChargeKnowledge,
    ) -> Result<(Authorisation, ChargeKnowledge), StepError> {
        let amount = u32::try_from(at.amount).map_err(|_| StepError::Unreadable)?;
        let (card, request) = match known {
            ChargeKnowledge::New(card, request) => (card, request),
            _ => (self.store.chargeable_card(at.account).await?, self.store.request_of(&at).await?),
        };
        let Some(payable) = card else {
            return Ok((
                self.transition(at, AuthorisationState::Declined).await?,
                ChargeKnowledge::Row,
            ));
        };
        let number = self.receipts.number(at.id);
        let metadata = charge_metadata::write(&at, number, payable.card, request.as_ref());
        let key = key("create", &at);
        let currency = at.currency.to_ascii_lowercase();
        let wanted = ChargeRequest {
            customer: &payable.customer,
            method: &payable.registered.method,
            amount,
            currency: &currency,
            metadata: &metadata,
        };
        match self.processor.create(&wanted, RequestKey(&key)).await {
            Ok(intent) => {
                let intent = intent.as_str().to_owned();
                let now = self.clock.now();
                let at = self.store.store_intent(at, payable.card.0, intent, now).await?;
                Ok((at, ChargeKnowledge::Status(IntentStatus::Created)))
            }
            // There is none, so nothing can be charged: the card is gone, or the order is one that they never take.
            Err(fault @ (ProcessorError::NotFound | ProcessorError::Rejected(_))) => {
                tracing::error!(authorisation = %at.id, %fault, "the processor rejected a charge");
                Ok((self.transition(at, AuthorisationState::Declined).await?, ChargeKnowledge::Row))
            }
            Err(fault) => Err(fault.into()),
        }
    }

    /// What becomes of a charge whose intent's id is stored.
    async fn charged(
        &self,
        at: &Authorisation,
        intent: &IntentId,
        known: ChargeKnowledge,
    ) -> Result<AuthorisationState, StepError> {
        let status = match known {
            ChargeKnowledge::Status(status) => status,
            _ => self.processor.retrieve(intent).await?,
        };
        let status = match status {
            IntentStatus::Created => {
                match self.processor.confirm(intent, RequestKey(&key("confirm", at))).await {
                    // Confirmed before, by a request of ours that nobody waited for.
                    Err(ProcessorError::WrongState) => self.processor.retrieve(intent).await?,
                    said => said?,
                }
            }
            status => status,
        };
        match status {
            IntentStatus::Succeeded => Ok(AuthorisationState::Charged),
            IntentStatus::Declined(_) | IntentStatus::Cancelled => Ok(AuthorisationState::Declined),
            IntentStatus::Processing | IntentStatus::Created => Err(StepError::Processing),
        }
    }

    /// How what is taken back ends: not before the processor has said that it cannot be charged any more, or has given
    /// the money back.
    async fn reversed(
        &self,
        at: &Authorisation,
        intent: &IntentId,
    ) -> Result<AuthorisationState, StepError> {
        match self.processor.retrieve(intent).await? {
            IntentStatus::Cancelled => Ok(AuthorisationState::Voided),
            IntentStatus::Created | IntentStatus::Declined(_) => {
                match self.processor.cancel(intent, RequestKey(&key("cancel", at))).await? {
                    IntentStatus::Cancelled => Ok(AuthorisationState::Voided),
                    _ => Err(StepError::Processing),
                }
            }
            IntentStatus::Succeeded => {
                self.processor.refund(intent, RequestKey(&key("refund", at))).await?;
                Ok(AuthorisationState::Refunded)
            }
            IntentStatus::Processing => Err(StepError::Processing),
        }
    }
}

fn is_late(at: &Authorisation, now: UnixTime) -> bool {
    now.seconds().saturating_sub(at.made.seconds()) >= DEADLINE
}

/// A key for what is asked from this version of the row: the same try has the same one, and a later one another, since a
/// failure of the processor's may be saved under the first for good.
fn key(what: &str, at: &Authorisation) -> String {
    format!("{what}-{}-{}", at.id, at.version)
}

fn name(intent: &str) -> Result<IntentId, StepError> {
    IntentId::new(intent).map_err(|_| StepError::Unreadable)
}
