//! Carrying out: load, decide, write, in one transaction; compare between two of them.

use std::sync::Mutex;

use tegata::UnixTime;
use tegata::protocol::{DeviceId, Refusal};
use tegata_policy::{
    Controls, Decision, Effect, Event, MailRecipient, Reply, begin_sign_up, decide,
};

use super::Accounts;
use super::given::Given;
use super::kept::Secrets;
use super::letters::Kept;
use super::made::Made;
use crate::domain::{AccountId, EventId, MailId, TokenHash};
use crate::http::problem::Problem;
use crate::store::{
    AccountChange, EventRow, GlobalState, KillSwitch, LoadedAccount, MailPriority, OutboxMail,
    StoreError, audit_event_name,
};

/// Who did what was asked of an account, in the log.
pub(super) const SHOPPER: &str = "shopper";

/// What came of an act that was allowed.
pub(super) struct Done {
    pub(super) answer: Reply,
    pub(super) made: Made,
}

/// What a transaction leaves for after it.
struct Decided {
    answer: Reply,
    made: Made,
    /// What a comparison needs.
    secrets: Secrets,
}

impl Accounts {
    /// What an account's decisions are made in.
    pub(crate) fn world(global_state: &GlobalState, now: UnixTime) -> tegata_policy::PolicyContext {
        tegata_policy::PolicyContext {
            now,
            generation: global_state.generation,
            used_up_to: global_state.used_up_to,
            controls: Controls::ALL,
        }
    }

    /// Begins an account.
    pub(super) async fn begin(
        &self,
        id: AccountId,
        device: DeviceId,
        name: String,
        taken: bool,
        given: Given,
    ) -> Result<(), Problem> {
        let accounts = self.clone();
        let begun = self.store.create(id, move |global_state| {
            let begun = accounts.begun(id, device, name.clone(), taken, &given, global_state);
            let stopped = global_state.stopped.contains(KillSwitch::SignUp);
            match begun {
                // A change without a state writes nothing.
                Ok(_) if stopped => (AccountChange::default(), Err(Problem::Stopped)),
                Ok(change) => (change, Ok(())),
                Err(problem) => (AccountChange::default(), Err(problem)),
            }
        });
        begun.await.map_err(Problem::of_store)?
    }

    fn begun(
        &self,
        id: AccountId,
        device: DeviceId,
        name: String,
        taken: bool,
        given: &Given,
        global_state: &GlobalState,
    ) -> Result<AccountChange, Problem> {
        let world = Self::world(global_state, self.world.clock.now());
        let (state, effects) = begin_sign_up(device, name, taken, &world);
        let nothing = Secrets::new();
        let mut change = self.carry_out(id, &nothing, &effects, given, &mut Made::default())?;
        change.state = Some(state);
        Ok(change)
    }

    /// Does `event` to the account, and compares what has to be compared.
    pub(super) async fn act(
        &self,
        id: AccountId,
        switch: Option<KillSwitch>,
        event: Event,
        given: &Given,
    ) -> Result<Done, Problem> {
        let mut event = event;
        loop {
            let decided = self.decide(id, switch, event, given).await?;
            match decided.answer {
                Reply::VerificationRequired(check) => {
                    let found = self.compare(id, check.expected(), given, &decided.secrets).await?;
                    event = Event::CompleteVerification { verification: check, result: found };
                }
                Reply::Refused(refusal) => return Err(Problem::Refused(refusal)),
                answer => return Ok(Done { answer, made: decided.made }),
            }
        }
    }

    async fn decide(
        &self,
        id: AccountId,
        switch: Option<KillSwitch>,
        event: Event,
        given: &Given,
    ) -> Result<Decided, Problem> {
        // An outcome is told once, so a transaction that the database wants run again finds nothing to tell: the try
        // stays counted, and the asker comes again.
        let event = Mutex::new(Some(event));
        let (accounts, given) = (self.clone(), given.clone());
        let decided = self.store.change(id, move |loaded| {
            match accounts.decided(id, switch, &event, &given, loaded) {
                Ok((change, decided)) => (change, Ok(decided)),
                Err(problem) => (AccountChange::default(), Err(problem)),
            }
        });
        match decided.await {
            Ok(decided) => decided,
            // An address that another account has by now: as much is told as of a wrong code.
            Err(StoreError::HandleTaken | StoreError::NoSuchAccount) => {
                Err(Problem::Refused(Refusal::InvalidCredentials))
            }
            Err(StoreError::NoSuchCard) => Err(Problem::Refused(Refusal::NoPendingOperation)),
            Err(error) => Err(Problem::of_store(error)),
        }
    }

    fn decided(
        &self,
        id: AccountId,
        switch: Option<KillSwitch>,
        event: &Mutex<Option<Event>>,
        given: &Given,
        loaded: &LoadedAccount,
    ) -> Result<(AccountChange, Decided), Problem> {
        if switch.is_some_and(|switch| loaded.global_state.stopped.contains(switch)) {
            return Err(Problem::Stopped);
        }
        let event = event.lock().ok().and_then(|mut event| event.take());
        let event = event.ok_or_else(Problem::busy)?;
        let world = Self::world(&loaded.global_state, self.world.clock.now());
        let Decision { account, effects, reply: answer } =
            decide(loaded.state.clone(), event, &world);
        let mut made = Made::default();
        let mut change = self.carry_out(id, &loaded.secrets, &effects, given, &mut made)?;
        change.state = Some(account);
        let secrets = match &answer {
            Reply::VerificationRequired(_) => loaded.secrets.clone(),
            _ => Secrets::new(),
        };
        Ok((change, Decided { answer, made, secrets }))
    }

    /// What the effects come to in the store.
    pub(super) fn carry_out(
        &self,
        id: AccountId,
        kept: &Secrets,
        effects: &[Effect],
        given: &Given,
        made: &mut Made,
    ) -> Result<AccountChange, Problem> {
        let (now, random) = (self.world.clock.now(), &*self.world.random);
        let no_random = |error| Problem::internal("making something random", &error);
        let mut change = AccountChange::default();
        for effect in effects {
            match effect {
                Effect::StoreSecret(secret, kind) => {
                    let sealed = self.make(id, *secret, *kind, given, made)?;
                    change.secrets_stored.push((*secret, *kind, sealed));
                }
                Effect::DeleteSecret(secret) => change.secrets_deleted.push(*secret),
                Effect::ClaimAddress(secret) => {
                    change.handles_claimed.extend(self.handle_key(id, *secret, kept, given)?);
                }
                Effect::ReleaseAddress(secret) => {
                    change.handles_released.extend(self.handle_key(id, *secret, kept, given)?);
                }
                Effect::CreateSession(session) => {
                    let token = made.make_token(random).map_err(no_random)?;
                    change.sessions_created.push((TokenHash::of(&token), *session));
                }
                Effect::EndSession(session) => change.sessions_ended.push(*session),
                Effect::WriteCards => change.card.clone_from(&given.card),
                Effect::EraseAccount => change.erase = true,
                Effect::SendMail { to, notification: letter } => {
                    // Where the model is built, too, there is one more: it never comes up with all controls on.
                    #[allow(
                        irrefutable_let_patterns,
                        reason = "refutable only with the feature `model`"
                    )]
                    let MailRecipient::Stored(secret) = to else { continue };
                    let address = self.kept_address(id, *secret, kept, given)?;
                    let letter = Kept::new(address, letter, made);
                    let mail = MailId::make(now, random).map_err(no_random)?;
                    let letter = self.seal_letter(id, mail, &letter)?;
                    change.outbox.push(OutboxMail {
                        id: mail,
                        made: now,
                        priority: MailPriority::AccountMail,
                        content: letter,
                    });
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
}
