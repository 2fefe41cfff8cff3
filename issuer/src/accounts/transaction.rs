//! Applying an event to an account: load, decide, write, in one transaction; verify between two of them.

use std::sync::{Arc, Mutex};

use serde::Serialize;
use tegata::UnixTime;
use tegata::protocol::{Acknowledgement, DeviceId, IssuedTicket, Refusal};
use tegata_policy::{
    Account, Controls, Decision, Effect, Event, MailRecipient, MatchResult, Notification,
    PendingVerification, Reply, begin_sign_up, decide,
};

use super::generated_secrets::GeneratedSecrets;
use super::request_secrets::RequestSecrets;
use super::signed_requests::{SignedRequest, StoredAnswer};
use super::stored_secrets::StoredSecrets;
use super::{AccountError, Accounts};
use crate::crypto::TicketPurpose;
use crate::domain::{AccountId, EventId, MailId, TokenHash};
use crate::mail::{self, QueuedMail, code_of};
use crate::store::{
    AccountChange, AnsweredRequest, EventRow, GlobalState, KillSwitch, LoadedAccount, MailPriority,
    MailQueue, OpenCardSetup, OutboxMail, StoreError, audit_event_name,
};

/// Names whoever acts on an account through the app, in the log.
pub(super) const SHOPPER: &str = "shopper";

/// What came of an event that the policy allowed, within the transaction that carries it out.
pub(super) struct Applied<'a> {
    pub(super) account: AccountId,
    /// The account as it was before.
    pub(super) loaded: &'a LoadedAccount,
    pub(super) reply: &'a Reply,
    pub(super) generated: &'a GeneratedSecrets,
}

/// Makes the answer to a message of what came of it.
type MakeAnswer<A> = dyn Fn(&Accounts, &Applied<'_>) -> Result<A, AccountError> + Send + Sync;

/// What a transaction leaves for after it.
enum Committed<A> {
    /// The event was carried out, with this answer.
    Done(A),
    Refused(Refusal),
    /// Something has to be verified first, among these secrets.
    VerificationRequired(PendingVerification, StoredSecrets),
}

/// The answer to a message that says only that it was carried out.
#[expect(clippy::unnecessary_wraps, reason = "an answer as others are made")]
pub(super) fn acknowledge(_: &Accounts, _: &Applied<'_>) -> Result<Acknowledgement, AccountError> {
    Ok(Acknowledgement {})
}

/// The answer to a message that is answered by what is read after it.
#[expect(clippy::unnecessary_wraps, reason = "an answer as others are made")]
pub(super) fn carried_out(_: &Accounts, _: &Applied<'_>) -> Result<(), AccountError> {
    Ok(())
}

impl Accounts {
    /// Gives the context that the policy decides in.
    pub(crate) fn policy_context(
        global_state: &GlobalState,
        now: UnixTime,
    ) -> tegata_policy::PolicyContext {
        tegata_policy::PolicyContext {
            now,
            generation: global_state.generation,
            used_up_to: global_state.used_up_to,
            controls: Controls::ALL,
        }
    }

    /// Begins a sign-up.
    pub(super) async fn begin_sign_up(
        &self,
        id: AccountId,
        device: DeviceId,
        name: String,
        taken: bool,
        request: RequestSecrets,
    ) -> Result<IssuedTicket, AccountError> {
        let accounts = self.clone();
        let signed = request.signed.as_deref().map(SignedRequest::key);
        let begun = self.store.create_once(id, signed, move |global_state| {
            let begun =
                accounts.sign_up_change(id, device, name.clone(), taken, &request, global_state);
            let stopped = global_state.stopped.contains(KillSwitch::SignUp);
            match begun {
                // A change without a state writes nothing.
                Ok(_) if stopped => (AccountChange::default(), Err(AccountError::Stopped)),
                Ok((change, ticket)) => (change, Ok(ticket)),
                Err(error) => (AccountChange::default(), Err(error)),
            }
        });
        begun.await?
    }

    fn sign_up_change(
        &self,
        id: AccountId,
        device: DeviceId,
        name: String,
        taken: bool,
        request: &RequestSecrets,
        global_state: &GlobalState,
    ) -> Result<(AccountChange, IssuedTicket), AccountError> {
        let policy = Self::policy_context(global_state, self.environment.clock.now());
        let (state, effects) = begin_sign_up(device, name, taken, &policy);
        let stored = StoredSecrets::new();
        let mut generated = GeneratedSecrets::default();
        let mut change = self.apply_effects(id, &stored, &effects, request, &mut generated)?;
        change.state = Some(state);
        let ticket = IssuedTicket { ticket: self.ticket(TicketPurpose::SignUp, id, 0)? };
        change.answered = self.request_row(request, &ticket)?;
        Ok((change, ticket))
    }

    /// Applies an event to an account, and verifies what the policy wants verified. What `answer` makes is the answer to
    /// the request, if a device signed that, and written with the effect: it may run again, and reads nothing else.
    ///
    /// # Errors
    /// `AnsweredBefore` of the store's for a request that was carried out before; it has no effect then.
    pub(super) async fn apply<A: Serialize + Send + 'static>(
        &self,
        id: AccountId,
        switch: Option<KillSwitch>,
        mut event: Event,
        request: &RequestSecrets,
        answer: impl Fn(&Self, &Applied<'_>) -> Result<A, AccountError> + Send + Sync + 'static,
    ) -> Result<A, AccountError> {
        let answer: Arc<MakeAnswer<A>> = Arc::new(answer);
        let mut request = request.clone();
        loop {
            match self.commit(id, switch, event, &request, &answer).await? {
                Committed::VerificationRequired(verification, stored) => {
                    let expected = verification.expected();
                    let result = self.verify(id, expected, &request, &stored).await?;
                    let chosen = request.chosen_password.take();
                    if let Some((queue, password)) = chosen.filter(|_| result == MatchResult::Match)
                    {
                        match self.new_password(queue, id, &password).await {
                            Ok(hash) => request.new_password = Some(hash),
                            Err(error) => {
                                // The code was right: another password may follow, in this request or another.
                                request.signed = None;
                                let event = Event::ReturnAttempt { verification };
                                let nothing: Arc<MakeAnswer<()>> = Arc::new(carried_out);
                                self.commit(id, switch, event, &request, &nothing).await?;
                                return Err(error);
                            }
                        }
                    }
                    event = Event::CompleteVerification { verification, result };
                }
                Committed::Refused(refusal) => return Err(AccountError::Refused(refusal)),
                Committed::Done(answer) => return Ok(answer),
            }
        }
    }

    async fn commit<A: Serialize + Send + 'static>(
        &self,
        id: AccountId,
        switch: Option<KillSwitch>,
        event: Event,
        request: &RequestSecrets,
        answer: &Arc<MakeAnswer<A>>,
    ) -> Result<Committed<A>, AccountError> {
        // An outcome is decided on once, so a transaction that the database wants run again finds no event: the attempt
        // stays counted, and the client tries again.
        let event = Mutex::new(Some(event));
        let accounts = self.clone();
        let request = request.clone();
        let answer = Arc::clone(answer);
        let signed = request.signed.as_deref().map(SignedRequest::key);
        let committed = self.store.change_once(id, signed, move |loaded| {
            match accounts.decide(id, switch, &event, &request, loaded, &*answer) {
                Ok((change, decided)) => (change, Ok(decided)),
                Err(error) => (AccountChange::default(), Err(error)),
            }
        });
        match committed.await {
            Ok(committed) => committed,
            // An address that another account has by now: answered like a wrong code.
            Err(StoreError::HandleTaken | StoreError::NoSuchAccount) => {
                Err(Refusal::InvalidCredentials.into())
            }
            Err(StoreError::NoSuchCard) => Err(Refusal::NoPendingOperation.into()),
            Err(error) => Err(error.into()),
        }
    }

    fn decide<A: Serialize>(
        &self,
        id: AccountId,
        switch: Option<KillSwitch>,
        event: &Mutex<Option<Event>>,
        request: &RequestSecrets,
        loaded: &LoadedAccount,
        answer: &MakeAnswer<A>,
    ) -> Result<(AccountChange, Committed<A>), AccountError> {
        if switch.is_some_and(|switch| loaded.global_state.stopped.contains(switch)) {
            return Err(AccountError::Stopped);
        }
        let event = event.lock().ok().and_then(|mut event| event.take());
        let event = event.ok_or(AccountError::Interrupted)?;
        let policy = Self::policy_context(&loaded.global_state, self.environment.clock.now());
        let Decision { account, effects, reply } = decide(loaded.state.clone(), event, &policy);
        let mut generated = GeneratedSecrets::default();
        let mut change =
            self.apply_effects(id, &loaded.secrets, &effects, request, &mut generated)?;
        change.state = Some(account);
        change.is_decoy = self.decoy_ids.contains(&id);
        let committed = match reply {
            Reply::VerificationRequired(verification) => {
                Committed::VerificationRequired(verification, loaded.secrets.clone())
            }
            Reply::Refused(refusal) => {
                change.answered = self.refusal_row(request, refusal, loaded)?;
                Committed::Refused(refusal)
            }
            reply => {
                let applied = Applied { account: id, loaded, reply: &reply, generated: &generated };
                let answer = answer(self, &applied)?;
                change.answered = self.request_row(request, &answer)?;
                Committed::Done(answer)
            }
        };
        Ok((change, committed))
    }

    /// Writes the refusal of a request, where one is stored: what a device of the account sent would use up another try if
    /// it were sent again. Nothing is stored of strangers, whose refusals nothing else bounds, and of refusals that end by
    /// waiting.
    fn refusal_row(
        &self,
        request: &RequestSecrets,
        refusal: Refusal,
        loaded: &LoadedAccount,
    ) -> Result<Option<AnsweredRequest>, AccountError> {
        let Some(signed) = &request.signed else { return Ok(None) };
        let is_stranger = match &loaded.state {
            Account::PendingSignUp(sign_up) => sign_up.device() != signed.device(),
            _ => !loaded.knows(signed.device()),
        };
        if is_stranger || matches!(refusal, Refusal::TooManyAttempts { .. }) {
            return Ok(None);
        }
        self.answer_row(signed, &StoredAnswer::Refused(refusal)).map(Some)
    }

    /// Writes the answer to a request, if a device signed it.
    fn request_row(
        &self,
        request: &RequestSecrets,
        answer: &impl Serialize,
    ) -> Result<Option<AnsweredRequest>, AccountError> {
        let Some(signed) = &request.signed else { return Ok(None) };
        self.answer_row(signed, &StoredAnswer::done(answer)?).map(Some)
    }

    /// Turns effects into a change of the store.
    pub(crate) fn apply_effects(
        &self,
        id: AccountId,
        stored: &StoredSecrets,
        effects: &[Effect],
        request: &RequestSecrets,
        generated: &mut GeneratedSecrets,
    ) -> Result<AccountChange, AccountError> {
        let now = self.environment.clock.now();
        let random = &*self.environment.random;
        let no_random = |error| AccountError::internal("making something random", &error);
        let mut change = AccountChange::default();
        for effect in effects {
            match effect {
                Effect::StoreSecret(secret, kind) => {
                    let sealed = self.secret_to_store(id, *secret, *kind, request, generated)?;
                    change.secrets_stored.push((*secret, *kind, sealed));
                }
                Effect::DeleteSecret(secret) => change.secrets_deleted.push(*secret),
                Effect::ClaimAddress(secret) => {
                    change.handles_claimed.extend(self.handle_key(id, *secret, stored, request)?);
                }
                Effect::ReleaseAddress(secret) => {
                    change.handles_released.extend(self.handle_key(id, *secret, stored, request)?);
                }
                Effect::CreateSession(session) => {
                    let token = generated.make_token(random).map_err(no_random)?;
                    change.sessions_created.push((TokenHash::of(&token), *session));
                }
                Effect::EndSession(session) => change.sessions_ended.push(*session),
                Effect::StoreCardSetup(origin) => {
                    let begun = request.card_setup.clone();
                    change.card_setup = begun.map(|(setup, card)| OpenCardSetup {
                        setup,
                        card,
                        origin: *origin,
                        failed: 0,
                    });
                }
                Effect::CancelCardSetup => change.cancel_card_setup = true,
                Effect::WriteCards => change.card.clone_from(&request.card),
                Effect::EraseAccount => change.erase = true,
                Effect::SendMail { to, notification } => {
                    // Where the model is built, too, there is one more: it never comes up with all controls on.
                    #[allow(
                        irrefutable_let_patterns,
                        reason = "refutable only with the feature `model`"
                    )]
                    let MailRecipient::Stored(secret) = to else { continue };
                    let address = self.address(id, *secret, stored, request)?;
                    let code =
                        code_of(notification).and_then(|secret| generated.codes.get(&secret));
                    let queued = QueuedMail::new(address, notification.clone(), code.cloned());
                    change.outbox.push(self.queue_mail(id, notification, &queued, request)?);
                }
                Effect::Audit(what) => {
                    let place = u16::try_from(change.events.len()).unwrap_or(u16::MAX);
                    change.events.push(EventRow {
                        id: EventId::make(now, place, random).map_err(no_random)?,
                        account: Some(id),
                        deed: audit_event_name(*what),
                        actor: SHOPPER.to_owned(),
                        at: now,
                        detail: "{}".to_owned(),
                    });
                }
            }
        }
        Ok(change)
    }

    /// Writes a mail as the outbox takes it. Mails that a stranger asked for take turns by network, others by account.
    pub(super) fn queue_mail(
        &self,
        account: AccountId,
        notification: &Notification,
        queued: &QueuedMail,
        request: &RequestSecrets,
    ) -> Result<OutboxMail, AccountError> {
        let now = self.environment.clock.now();
        let random = &*self.environment.random;
        let id = MailId::make(now, random)
            .map_err(|error| AccountError::internal("making something random", &error))?;
        let priority = mail::priority(notification);
        let queue = match request.network {
            Some(network) if priority != MailPriority::AccountMail => {
                self.keys.throttle("mails of a network", &network.bytes())
            }
            _ => self.keys.throttle("mails of an account", &account.0),
        };
        Ok(OutboxMail {
            id,
            made: now,
            expires: mail::expires(notification, now),
            priority,
            queue: MailQueue(queue.first_bytes()),
            content: queued.seal(&self.keys, account, id, random)?,
        })
    }
}
