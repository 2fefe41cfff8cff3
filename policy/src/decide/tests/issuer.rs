//! An issuer without a network and without bytes: a secret is its number, and giving it is naming it. Addresses are
//! texts: two numbers can stand for the same one.

use std::collections::{BTreeMap, BTreeSet};

use tegata::UnixTime;
use tegata::protocol::{DeviceId, Refusal, SessionId};

use super::super::super::limits::{DEVICES, RECOVERY_CODES, SESSIONS};
use super::super::super::state::{Account, Before, Evidence, Freeze, Live, Opening, Stage, Step};
use super::super::decide;
use crate::*;

pub(super) const PHONE: DeviceId = DeviceId([1; 32]);
pub(super) const TABLET: DeviceId = DeviceId([2; 32]);
pub(super) const THIEF: DeviceId = DeviceId([9; 32]);

/// The address that she signs up with.
pub(super) const HOME: &str = "hanako@example.org";

pub(super) const MINUTE: u64 = 60;
pub(super) const DAY: u64 = 24 * 60 * MINUTE;

/// What someone types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// Nothing that is right.
    Wrong,
    /// A password, a mailed code or a recovery code.
    Secret(SecretId),
    /// What an authenticator shows at a step.
    Value(SecretId, u64),
}

impl Given {
    pub(super) fn kind(self) -> FactorKind {
        if matches!(self, Self::Secret(_)) { FactorKind::Recovery } else { FactorKind::Totp }
    }

    /// What a comparison with it finds.
    fn found(self, compare: &Compare) -> Found {
        match (compare, self) {
            (Compare::MailedCode(Some(kept)), Self::Secret(code)) if *kept == code => Found::Match,
            (Compare::Password(Some(kept)), Self::Secret(password)) if *kept == password => {
                Found::Match
            }
            (Compare::Notice(codes) | Compare::Recovery(codes), Self::Secret(code))
                if codes.contains(&code) =>
            {
                Found::Code(code)
            }
            (Compare::Totp(Some((kept, after))), Self::Value(secret, step))
                if *kept == secret && step > *after =>
            {
                Found::Step(step)
            }
            _ => Found::Nothing,
        }
    }
}

/// The issuer, with one account.
pub(super) struct Issuer {
    pub(super) account: Account,
    pub(super) world: World,
    pub(super) mails: Vec<(SecretId, Letter)>,
    pub(super) deeds: Vec<Deed>,
    /// The address in whatever is asked from now on.
    pub(super) typed: String,
    kept: BTreeMap<SecretId, SecretKind>,
    addresses: BTreeMap<SecretId, String>,
    found_by: BTreeSet<String>,
    tokens: BTreeSet<SessionId>,
}

impl Issuer {
    /// A sign-up was begun on the phone.
    pub(super) fn opened(taken: bool) -> Self {
        let world = World {
            now: UnixTime::new(1_800_000_000).unwrap(),
            generation: Generation(1),
            used_up_to: 0,
            controls: Controls::ALL,
        };
        let (account, effects) = open(PHONE, "her phone".into(), taken, &world);
        let mut issuer = Self {
            account,
            world,
            mails: Vec::new(),
            deeds: Vec::new(),
            typed: HOME.to_owned(),
            kept: BTreeMap::new(),
            addresses: BTreeMap::new(),
            found_by: BTreeSet::new(),
            tokens: BTreeSet::new(),
        };
        issuer.carry_out(effects);
        issuer.check_what_always_holds();
        issuer
    }

    /// A shopper signed up on her phone.
    pub(super) fn signed_up() -> Self {
        let mut issuer = Self::opened(false);
        let code = issuer.mailed();
        let answer = issuer.ask(Event::SignUpCode { device: PHONE }, &[code]);
        let Answer::Enrolling(factor) = answer else { panic!("{answer:?}") };
        let value = issuer.value_of(factor);
        let answer = issuer.ask(Event::SignUpFactor { device: PHONE }, &[value]);
        assert!(matches!(answer, Answer::SignedUp { .. }), "{answer:?}");
        issuer
    }

    /// A shopper signed up on her phone weeks ago, and pays with it.
    pub(super) fn settled() -> Self {
        let mut issuer = Self::signed_up();
        let session = issuer.session_on(PHONE).unwrap();
        issuer.later(MINUTE);
        let answer = issuer.ask(Event::Provision { session, device: PHONE }, &[]);
        assert!(matches!(answer, Answer::Provisioned(_)), "{answer:?}");
        issuer.later(20 * DAY);
        assert_eq!(issuer.caps(), Some(Caps::Usual));
        issuer
    }

    pub(super) fn later(&mut self, seconds: u64) {
        self.world.now = self.world.now.shifted(i64::try_from(seconds).unwrap());
    }

    pub(super) fn back(&mut self, seconds: u64) {
        self.world.now = self.world.now.shifted(-i64::try_from(seconds).unwrap());
    }

    pub(super) fn live(&self) -> &Live {
        match &self.account {
            Account::Live(live) => live,
            other => panic!("no account: {other:?}"),
        }
    }

    /// Asks; gives what is wanted, one after the other, for as long as something is compared.
    pub(super) fn ask(&mut self, event: Event, given: &[Given]) -> Answer {
        let mut given = given.iter();
        let mut answer = self.decide(event);
        while let Answer::Check(check) = answer {
            answer = self.tell(check, given.next().copied().unwrap_or(Given::Wrong));
        }
        answer
    }

    /// Asks, and stops before what was given is compared.
    pub(super) fn begin(&mut self, event: Event) -> Check {
        match self.decide(event) {
            Answer::Check(check) => check,
            other => panic!("nothing to compare: {other:?}"),
        }
    }

    /// Compares, and tells the outcome.
    pub(super) fn tell(&mut self, check: Check, given: Given) -> Answer {
        let found = given.found(check.compare());
        self.decide(Event::Checked { check, found })
    }

    pub(super) fn decide(&mut self, event: Event) -> Answer {
        let was_closed = self.account == Account::Closed;
        let account = std::mem::replace(&mut self.account, Account::Closed);
        let Decision { account, effects, answer } = decide(account, event, &self.world);
        self.account = account;
        self.carry_out(effects);
        self.check_what_always_holds();
        assert!(!was_closed || self.account == Account::Closed, "a closed account came alive");
        answer
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in &effects {
            if let Effect::Release(id) = effect {
                assert!(self.found_by.remove(&self.addresses[id]), "it was found by that");
            }
        }
        for effect in effects {
            match effect {
                Effect::Keep(id, kind) => {
                    assert_eq!(self.kept.insert(id, kind), None, "{id:?} was taken");
                    if kind == SecretKind::Address {
                        self.addresses.insert(id, self.typed.clone());
                    }
                }
                Effect::Forget(id) => {
                    assert!(self.kept.remove(&id).is_some(), "{id:?} was not kept");
                }
                Effect::Mail { to, letter } => {
                    let to = address(to);
                    assert_eq!(self.kept.get(&to), Some(&SecretKind::Address), "{letter:?}");
                    self.mails.push((to, letter));
                }
                Effect::Claim(id) => {
                    self.found_by.insert(self.addresses[&id].clone());
                }
                Effect::SessionMade(id) => assert!(self.tokens.insert(id)),
                Effect::SessionEnded(id) => assert!(self.tokens.remove(&id)),
                // What is released was so before anything was claimed.
                Effect::Release(_) | Effect::Card => {}
                Effect::Erase => {
                    self.kept.clear();
                    self.found_by.clear();
                    self.tokens.clear();
                }
                Effect::Deed(deed) => self.deeds.push(deed),
            }
        }
    }

    /// What is kept is what the state names, a token finds a session of the state, the account is found by its address
    /// and the one it can go back to, nothing grows for ever, and what is written is read back.
    fn check_what_always_holds(&self) {
        let named = named(&self.account);
        assert_eq!(self.kept, named.iter().copied().collect(), "kept, and named");
        assert_eq!(self.kept.len(), named.len(), "a secret is named twice: {named:?}");
        let (mut found_by, mut tokens) = (BTreeSet::new(), BTreeSet::new());
        if let Account::Live(live) = &self.account {
            let addresses = evidences(live).map(|evidence| &self.addresses[&evidence.address]);
            found_by.extend(addresses.cloned());
            tokens.extend(live.sessions.iter().map(|session| session.id));
            assert!(live.sessions.len() <= SESSIONS && live.devices.len() <= DEVICES);
            assert!(live.resets.len() <= DEVICES + 5, "{:?}", live.resets);
            assert!(live.evidence.recovery.len() <= RECOVERY_CODES as usize);
            let codes = live.before.as_ref().map_or(0, |before| before.codes.len());
            assert!(codes <= limits::CHANGES, "{codes} changes");
            let notices = live.before.iter().flat_map(Before::notices).count();
            assert!(notices <= limits::NOTICES, "{notices} notices");
            let froze = live.before.as_ref().is_some_and(|before| before.froze);
            let held = matches!(live.frozen, Some(Freeze::Notice | Freeze::Operator));
            assert!(held || !froze, "a notice froze it, and it is not frozen");
        }
        assert_eq!(self.found_by, found_by);
        assert_eq!(self.tokens, tokens);
        let json = serde_json::to_string(&self.account).unwrap();
        assert_eq!(serde_json::from_str::<Account>(&json).unwrap(), self.account, "{json}");
    }

    /// The code in the last mail.
    pub(super) fn mailed(&self) -> Given {
        let codes = self.mails.iter().rev().find_map(|(_, letter)| match letter {
            Letter::SignUp { code }
            | Letter::Reset { code, .. }
            | Letter::Move { code }
            | Letter::Changed { code, .. } => Some(*code),
            _ => None,
        });
        Given::Secret(codes.unwrap())
    }

    /// Whether that letter went to the address in use.
    pub(super) fn told(&self, letter: &Letter) -> bool {
        self.mails.iter().any(|mail| *mail == (self.live().evidence.address, letter.clone()))
    }

    pub(super) fn password(&self) -> Given {
        Given::Secret(self.live().password.unwrap())
    }

    /// The next value that the second factor shows: half a minute on.
    pub(super) fn value(&mut self) -> Given {
        self.value_of(self.live().evidence.factor.secret)
    }

    pub(super) fn value_of(&mut self, factor: SecretId) -> Given {
        self.later(30);
        Given::Value(factor, self.world.now.seconds() / 30)
    }

    pub(super) fn recovery_code(&self) -> Given {
        Given::Secret(*self.live().evidence.recovery.first().unwrap())
    }

    pub(super) fn session_on(&self, device: DeviceId) -> Option<SessionId> {
        self.live().sessions(&self.world).filter(|s| s.device == device).last().map(|s| s.id)
    }

    /// What can be paid with the credential there is.
    pub(super) fn caps(&self) -> Option<Caps> {
        let number = self.live().credential.map(|credential| credential.number);
        number.and_then(|number| self.live().caps(number, &self.world))
    }

    pub(super) fn logs_in(
        &mut self,
        device: DeviceId,
        password: Given,
        factor: Option<Given>,
    ) -> Answer {
        let event =
            Event::LogIn { device, name: "a phone".into(), factor: factor.map(Given::kind) };
        self.ask(event, &[password, factor.unwrap_or(Given::Wrong)])
    }

    /// As an owner does, with all of it.
    pub(super) fn logged_in(&mut self, device: DeviceId) -> SessionId {
        let (password, value) = (self.password(), self.value());
        match self.logs_in(device, password, Some(value)) {
            Answer::LoggedIn { session, .. } => session,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn asks_for_reset(&mut self, device: DeviceId) -> ResetId {
        let name = "a phone".into();
        match self.decide(Event::Reset { device, name, to: Destination::Verified }) {
            Answer::ResetBegun(reset) => reset,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn proves_reset(
        &mut self,
        reset: ResetId,
        device: DeviceId,
        code: Given,
        factor: Given,
    ) -> Answer {
        self.ask(Event::ResetCode { reset, device, factor: factor.kind() }, &[code, factor])
    }

    /// As an owner does, up to the new password.
    pub(super) fn proved_reset(&mut self, device: DeviceId) -> ResetId {
        let reset = self.asks_for_reset(device);
        let (code, value) = (self.mailed(), self.value());
        let answer = self.proves_reset(reset, device, code, value);
        assert!(matches!(answer, Answer::Proved), "{answer:?}");
        reset
    }

    pub(super) fn resets(&mut self, device: DeviceId) {
        let reset = self.proved_reset(device);
        let answer = self.decide(Event::ResetFinish { reset, device });
        assert!(matches!(answer, Answer::Done), "{answer:?}");
    }

    /// Has another second factor from now on.
    pub(super) fn enrols(&mut self, session: SessionId) {
        let answer = self.ask(Event::Enrol { session }, &[]);
        let Answer::Enrolling(factor) = answer else { panic!("{answer:?}") };
        let value = self.value_of(factor);
        let answer = self.ask(Event::EnrolCode { session }, &[value]);
        assert!(matches!(answer, Answer::Done), "{answer:?}");
    }

    /// Has an address from now on that it never had.
    pub(super) fn moves(&mut self, session: SessionId) {
        self.moves_to(session, &format!("hanako-{}@example.org", self.addresses.len()));
    }

    pub(super) fn moves_to(&mut self, session: SessionId, address: &str) {
        address.clone_into(&mut self.typed);
        let answer = self.ask(Event::MoveAddress { session }, &[]);
        assert!(matches!(answer, Answer::Done), "{answer:?}");
        let code = self.mailed();
        let answer = self.ask(Event::MoveAddressCode { session }, &[code]);
        assert!(matches!(answer, Answer::Done), "{answer:?}");
    }
}

/// The address that a mail goes to: the account's, never one that someone typed.
fn address(to: MailTo) -> SecretId {
    match to {
        MailTo::Kept(address) => address,
        #[cfg(feature = "model")]
        MailTo::Typed => panic!("a mail to a typed address"),
    }
}

/// Why it was refused.
#[track_caller]
pub(super) fn refusal(answer: Answer) -> Refusal {
    match answer {
        Answer::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn evidences(live: &Live) -> impl Iterator<Item = &Evidence> {
    [Some(&live.evidence), live.before.as_ref().map(|before| &before.evidence)]
        .into_iter()
        .flatten()
}

/// The secrets that a state names, each once, and what they are.
fn named(account: &Account) -> Vec<(SecretId, SecretKind)> {
    use SecretKind::{Address, Factor, MailedCode, Notice, Password, Recovery};
    let live = match account {
        Account::Closed => return Vec::new(),
        Account::Opening(Opening { address, step, .. }) => {
            let step = match step {
                Step::Mailed(code) => vec![(code.secret, MailedCode)],
                Step::Verified { password, factor, .. } => {
                    vec![(*password, Password), (*factor, Factor)]
                }
            };
            return [vec![(*address, Address)], step].concat();
        }
        Account::Live(live) => live,
    };
    let mut proves = BTreeSet::new();
    for evidence in evidences(live) {
        proves.insert((evidence.address, Address));
        proves.insert((evidence.factor.secret, Factor));
        proves.extend(evidence.recovery.iter().map(|code| (*code, Recovery)));
    }
    let mut named: Vec<_> = proves.into_iter().collect();
    named.extend(live.password.map(|password| (password, Password)));
    named.extend(live.enrolling.iter().map(|enrolling| (enrolling.secret, Factor)));
    if let Some(moving) = &live.moving {
        named.extend([(moving.address, Address), (moving.code.secret, MailedCode)]);
    }
    let notices = live.before.iter().flat_map(Before::notices);
    named.extend(notices.map(|code| (code, Notice)));
    named.extend(live.resets.iter().filter_map(|reset| match &reset.stage {
        Stage::Asked(code) => Some((code.secret, MailedCode)),
        Stage::Proved(_) => None,
    }));
    named
}
