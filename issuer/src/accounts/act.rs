//! Carrying out: load, decide, write, in one transaction; compare between two of them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use tegata::account::{
    Account, Answer, Control, Controls, Event, MailTo, Refusal, SecretId, SecretKind, decide, open,
};
use tegata::account::{Decision, Effect};
use tegata::{UnixTime, account};

use super::Accounts;
use super::given::Given;
use super::letters::{Kept, Posted};
use super::made::Made;
use crate::problem::Problem;
use crate::store::{
    AccountId, Change, EventId, EventRow, Loaded, MailId, Outgoing, Standing, StoreError, Switch,
    TokenHash, deed,
};

/// What came of an act that was allowed.
pub(super) struct Done {
    pub(super) answer: Answer,
    pub(super) made: Made,
    /// The account after it.
    pub(super) state: Account,
}

/// What a transaction leaves for after it.
struct Decided {
    answer: Answer,
    made: Made,
    state: Account,
    /// What a comparison needs.
    secrets: BTreeMap<SecretId, (SecretKind, crate::keys::Sealed)>,
    used_up_to: u64,
}

impl Accounts {
    /// What an account's decisions are made in.
    pub(super) fn world(standing: &Standing, now: UnixTime) -> account::World {
        account::World {
            now,
            generation: standing.generation,
            used_up_to: standing.used_up_to,
            controls: Controls::ALL,
        }
    }

    /// Begins an account.
    pub(super) async fn begin(
        &self,
        id: AccountId,
        device: tegata::account::DeviceId,
        name: String,
        taken: bool,
        given: &Given,
    ) -> Result<(), Problem> {
        let standing = self.store.standing().await.map_err(Problem::of_store)?;
        if standing.stopped.contains(Switch::SignUp) {
            return Err(Problem::Stopped);
        }
        let world = Self::world(&standing, self.world.clock.now());
        let (state, effects) = open(device, name, taken, &world);
        let mut made = Made::default();
        let nothing = BTreeMap::new();
        let mut change = self.carry_out(id, &nothing, &effects, given, &mut made)?;
        change.state = Some(state);
        self.store.create(id, change).await.map_err(Problem::of_store)
    }

    /// Does `event` to the account, and compares what has to be compared.
    pub(super) async fn act(
        &self,
        id: AccountId,
        switch: Option<Switch>,
        event: Event,
        given: &Given,
    ) -> Result<Done, Problem> {
        let mut event = event;
        loop {
            let decided = self.decide(id, switch, event, given).await?;
            match decided.answer {
                Answer::Check(check) => {
                    let found = self
                        .compare(id, check.compare(), given, &decided.secrets, decided.used_up_to)
                        .await?;
                    event = Event::Checked { check, found };
                }
                Answer::Refused(refusal) => return Err(Problem::Refused(refusal)),
                answer => {
                    return Ok(Done { answer, made: decided.made, state: decided.state });
                }
            }
        }
    }

    async fn decide(
        &self,
        id: AccountId,
        switch: Option<Switch>,
        event: Event,
        given: &Given,
    ) -> Result<Decided, Problem> {
        // An outcome is told once, so a transaction that the database wants run again finds nothing to tell: the try
        // stays counted, and the asker comes again.
        let event = Mutex::new(Some(event));
        let decided = self
            .store
            .change(id, &|loaded: &Loaded| self.decided(id, switch, &event, given, loaded))
            .await;
        match decided {
            Ok(decided) => decided,
            // An address that another account has: as much is told as of a wrong code.
            Err(StoreError::HandleTaken) => Err(Problem::Refused(Refusal::Wrong)),
            Err(StoreError::NoSuchAccount) => Err(Problem::Refused(Refusal::Wrong)),
            Err(error) => Err(Problem::of_store(error)),
        }
    }

    fn decided(
        &self,
        id: AccountId,
        switch: Option<Switch>,
        event: &Mutex<Option<Event>>,
        given: &Given,
        loaded: &Loaded,
    ) -> (Change, Result<Decided, Problem>) {
        if switch.is_some_and(|switch| loaded.standing.stopped.contains(switch)) {
            return (Change::default(), Err(Problem::Stopped));
        }
        let event = event.lock().ok().and_then(|mut event| event.take());
        let Some(event) = event else { return (Change::default(), Err(Problem::busy())) };
        let world = Self::world(&loaded.standing, self.world.clock.now());
        let Decision { account, effects, answer } = decide(loaded.state.clone(), event, &world);
        let mut made = Made::default();
        match self.carry_out(id, &loaded.secrets, &effects, given, &mut made) {
            Err(problem) => (Change::default(), Err(problem)),
            Ok(mut change) => {
                change.state = Some(account.clone());
                let secrets = match &answer {
                    Answer::Check(_) => loaded.secrets.clone(),
                    _ => BTreeMap::new(),
                };
                let used_up_to = loaded.standing.used_up_to;
                (change, Ok(Decided { answer, made, state: account, secrets, used_up_to }))
            }
        }
    }

    /// What the effects come to in the store.
    fn carry_out(
        &self,
        id: AccountId,
        kept: &BTreeMap<SecretId, (SecretKind, crate::keys::Sealed)>,
        effects: &[Effect],
        given: &Given,
        made: &mut Made,
    ) -> Result<Change, Problem> {
        let (now, random) = (self.world.clock.now(), &*self.world.random);
        let no_random = |error| Problem::internal("making something random", &error);
        let mut change = Change::default();
        for effect in effects {
            match effect {
                Effect::Keep(secret, kind) => {
                    let sealed = self.make(id, *secret, *kind, given, made)?;
                    change.keep.push((*secret, *kind, sealed));
                }
                Effect::Forget(secret) => change.forget.push(*secret),
                Effect::Claim(secret) => {
                    change.claim.extend(self.handle_key(id, *secret, kept, given)?);
                }
                Effect::Release(secret) => {
                    change.release.extend(self.handle_key(id, *secret, kept, given)?);
                }
                Effect::SessionMade(session) => {
                    let token = made.make_token(random).map_err(no_random)?;
                    change.sessions_made.push((TokenHash::of(&token), *session));
                }
                Effect::SessionEnded(session) => change.sessions_ended.push(*session),
                Effect::Erase => change.erase = true,
                Effect::Mail { to: MailTo::Kept(secret), letter } => {
                    let address = self.kept_address(id, *secret, kept, given)?;
                    let letter = Kept::new(address, letter, made);
                    let mail = MailId::make(now, random).map_err(no_random)?;
                    let letter = self.seal_letter(mail, &letter)?;
                    change.outbox.push(Outgoing { id: mail, made: now, letter });
                }
                Effect::Deed(what) => {
                    let place = u16::try_from(change.events.len()).unwrap_or(u16::MAX);
                    change.events.push(EventRow {
                        id: EventId::make(now, place, random).map_err(no_random)?,
                        account: Some(id),
                        deed: deed(*what),
                        actor: "shopper".to_owned(),
                        at: now,
                        detail: "{}".to_owned(),
                    });
                }
                #[allow(unreachable_patterns, reason = "the model, where it is built, has one more")]
                Effect::Mail { .. } => {}
            }
        }
        Ok(change)
    }
}
