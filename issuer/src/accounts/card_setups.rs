//! How a card comes to an account. The issuer begins its registration, its holder completes that at the processor, where
//! the bank may ask, and the issuer asks the processor what came of it: nothing that a shopper sends names a card.

use std::time::Duration;

use tegata::protocol::{AddCard, BeginCardSetup, CardSetup, CardSetupName, Cards, Refusal};
use tegata_policy::limits::{CARD_ATTEMPTS, CARD_SETUP_FAILURES};
use tegata_policy::{Event, Notification, Reply, decide};

use super::cards::card_name;
use super::request_secrets::RequestSecrets;
use super::session::Caller;
use super::transaction::{Applied, carried_out};
use super::{AccountError, Accounts};
use crate::domain::{AccountId, CardId, CustomerId, InternalError, SetupId};
use crate::mail::{QueuedMail, address_of};
use crate::processor::{Processor, ProcessorError, RequestKey, SetupRequest, SetupStatus};
use crate::store::{CardChange, CardOwners, CardPlace, OpenCardSetup, OutboxMail, StoreError};

/// How many registrations a round of the job looks at.
const PER_ROUND: u32 = 64;
/// Seconds until an open registration is looked at again.
const LOOK_AGAIN: i64 = 5;
/// Seconds that the processor has to cancel a registration before it is told again.
const CANCEL_AGAIN: i64 = 60;

impl Accounts {
    /// Begins the registration of a card, in the place of one that is open.
    pub(crate) async fn begin_card_setup(
        &self,
        caller: Caller,
        _: BeginCardSetup,
        processor: &dyn Processor,
    ) -> Result<CardSetup, AccountError> {
        // Decided before the processor is asked, and again within the transaction that writes it.
        self.require_allowed(&caller, Event::BeginCardSetup { session: caller.session })?;
        let Caller { account, session, signed, .. } = caller;
        if let Some(wait) = self.take_card_attempt(account).await? {
            return Err(AccountError::TooManyAttempts { wait });
        }
        let card = CardId::make(self.environment.clock.now(), &*self.environment.random)
            .map_err(|error| InternalError::new("making a number", &error))?;
        let number = card.to_string();
        let customer = self.customer(account, &number, processor).await?;
        let request = SetupRequest { customer: &customer, card: &number };
        let begun = processor.begin_setup(&request, RequestKey(&format!("setup-{number}"))).await;
        let begun = begun.map_err(processor_error)?;
        let setup = CardSetup {
            setup: CardSetupName::new(begun.id.as_str())
                .map_err(|error| AccountError::internal("naming a setup intent", &error))?,
            client_secret: begun.client_secret,
        };
        let card_setup = Some((begun.id.clone(), card));
        let request = RequestSecrets { card_setup, ..RequestSecrets::of(signed) };
        let event = Event::BeginCardSetup { session };
        let answer = move |_: &Self, _: &Applied<'_>| Ok(setup.clone());
        let stored = self.apply(account, None, event, &request, answer).await;
        if stored.is_err() {
            // It stands in no row: nothing is ever added by it.
            let _ = processor.cancel_setup(&begun.id).await;
        }
        stored
    }

    /// Adds the card that its holder registered, once the processor says so.
    pub(crate) async fn add_card(
        &self,
        caller: Caller,
        message: AddCard,
        processor: &dyn Processor,
    ) -> Result<Cards, AccountError> {
        let Caller { account, session, is_carried_out, .. } = caller;
        if is_carried_out {
            return self.cards(account).await;
        }
        let open = self.store.card_setup(account).await?;
        let open = open
            .filter(|open| open.setup.as_str() == message.setup.expose())
            .ok_or(Refusal::NoPendingOperation)?;
        let event = |card| Event::AddCard { session, origin: open.origin, card };
        self.require_allowed(&caller, event(String::new()))?;
        let customer = self.store.customer(account).await?.ok_or(Refusal::NoPendingOperation)?;
        let card = open.card.to_string();
        let request = SetupRequest { customer: &customer, card: &card };
        let found = processor.setup(&open.setup).await.map_err(processor_error)?;
        let Some((registered, fingerprint)) = found.card_of(&request) else {
            self.count_failures(account, &open, processor).await?;
            if self.take_card_attempt(account).await?.is_some() {
                self.store.cancel_card_setup(account, &open.setup).await?;
            }
            return Err(AccountError::CardRefused);
        };
        let fingerprint = self.keys.throttle("card fingerprint", fingerprint.as_str().as_bytes()).0;
        let owners = self.store.card_owners(fingerprint).await?;
        let Some(number) = owners.place_for(account) else {
            self.store.cancel_card_setup(account, &open.setup).await?;
            return Err(AccountError::CardRefused);
        };
        let name = card_name(&registered);
        let notices = self.notices_to_owners(&owners, account, &name).await?;
        let event = event(name);
        let change = CardChange::Add {
            setup: open.setup.clone(),
            card: open.card,
            registered,
            made: self.environment.clock.now(),
            place: CardPlace { fingerprint, number },
            notices,
        };
        let request = RequestSecrets { card: Some(change), ..RequestSecrets::of(caller.signed) };
        self.apply(account, None, event, &request, carried_out).await?;
        self.cards(account).await
    }

    /// Writes the mails to the accounts that had a card before this one.
    async fn notices_to_owners(
        &self,
        owners: &CardOwners,
        account: AccountId,
        card: &str,
    ) -> Result<Vec<(AccountId, OutboxMail)>, AccountError> {
        let mut notices = Vec::new();
        for earlier in owners.earlier_than(account) {
            let address = address_of(&self.store, &self.keys, earlier).await?;
            let Some(address) = address else { continue };
            let notification = Notification::CardAddedElsewhere { card: card.to_owned() };
            let queued = QueuedMail::new(address, notification.clone(), None);
            let request = RequestSecrets::default();
            let mail = self.queue_mail(earlier, &notification, &queued, &request)?;
            notices.push((earlier, mail));
        }
        Ok(notices)
    }

    /// Looks at the registrations that are open: closes those that are too old or failed too often, and has the processor
    /// cancel what came to no card.
    pub(crate) async fn review_card_setups(
        &self,
        processor: &dyn Processor,
    ) -> Result<(), StoreError> {
        let now = self.environment.clock.now();
        let policy = Self::policy_context(&self.store.global_state().await?, now);
        let due = self.store.card_setups_due(now, now.shifted(LOOK_AGAIN), PER_ROUND).await?;
        for (account, open) in due {
            if open.origin.is_young(&policy) {
                self.count_failures(account, &open, processor).await?;
            } else {
                self.store.cancel_card_setup(account, &open.setup).await?;
            }
        }
        let next = now.shifted(CANCEL_AGAIN);
        for setup in self.store.card_setups_to_cancel(now, next, PER_ROUND).await? {
            match forget(&setup, processor).await {
                Ok(()) => self.store.remove_cancelled_setup(&setup).await?,
                Err(fault) => tracing::warn!(%fault, "cannot cancel a card's registration"),
            }
        }
        Ok(())
    }

    /// Counts the attempts of a registration that failed since it was looked at; the third closes it.
    async fn count_failures(
        &self,
        account: AccountId,
        open: &OpenCardSetup,
        processor: &dyn Processor,
    ) -> Result<(), StoreError> {
        let failed = match processor.failed_attempts(&open.setup).await {
            Ok(failed) => failed,
            Err(fault) => {
                tracing::warn!(%fault, "cannot count the attempts to register a card");
                return Ok(());
            }
        };
        for _ in open.failed..failed.min(CARD_SETUP_FAILURES.max(open.failed)) {
            // With none left, no other registration is begun; what failed is counted all the same.
            self.take_card_attempt(account).await?;
        }
        if failed >= CARD_SETUP_FAILURES {
            self.store.cancel_card_setup(account, &open.setup).await?;
        } else if failed > open.failed {
            self.store.count_failed_setups(account, &open.setup, failed).await?;
        }
        Ok(())
    }

    /// Takes one of the attempts that an account has to add a card, or says how long to wait: nobody tries stolen ones out
    /// here.
    async fn take_card_attempt(&self, account: AccountId) -> Result<Option<Duration>, StoreError> {
        let throttle = self.keys.throttle("card", &account.0);
        self.store.take_attempt(throttle, CARD_ATTEMPTS, self.environment.clock.now()).await
    }

    /// Refuses what the policy refuses of the account as it was read.
    fn require_allowed(&self, caller: &Caller, event: Event) -> Result<(), AccountError> {
        let now = self.environment.clock.now();
        let policy = Self::policy_context(&caller.context.global_state, now);
        match decide(caller.context.state.clone(), event, &policy).reply {
            Reply::Refused(refusal) => Err(refusal.into()),
            _ => Ok(()),
        }
    }

    /// Gives the account's customer at the processor, made where there is none.
    async fn customer(
        &self,
        account: AccountId,
        attempt: &str,
        processor: &dyn Processor,
    ) -> Result<CustomerId, AccountError> {
        if let Some(customer) = self.store.customer(account).await? {
            return Ok(customer);
        }
        // A key of this attempt: a failure that the processor saved under it is not met again by the next.
        let key = format!("customer-{attempt}");
        let created = processor.customer(RequestKey(&key)).await.map_err(processor_error)?;
        Ok(self.store.store_customer(account, created).await?)
    }
}

/// Has the processor cancel a registration, or forget the card that was registered by it and is no account's.
async fn forget(setup: &SetupId, processor: &dyn Processor) -> Result<(), ProcessorError> {
    processor.cancel_setup(setup).await?;
    match processor.setup(setup).await {
        Ok(found) => match found.status {
            SetupStatus::Succeeded(card, _) => processor.detach(&card.method).await,
            SetupStatus::Waiting | SetupStatus::Cancelled => Ok(()),
        },
        Err(ProcessorError::NotFound) => Ok(()),
        Err(fault) => Err(fault),
    }
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
