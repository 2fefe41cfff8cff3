//! How it came to the night that the model begins with: all of it decided by the function itself, with all controls on.

use std::collections::BTreeSet;

use tegata::protocol::SessionId;
use tegata_policy::{
    Account, Answer, Compare, Controls, Decision, Destination, Effect, Event, Found, Letter,
    MailTo, SecretId, SecretKind, World, decide, open,
};

use crate::act::{Given, Message, Who};
use crate::state::{He, She, State, world};
use crate::thief::{Start, Thief};

const DAY: i64 = 24 * 60 * 60;

/// The days before.
struct Past {
    account: Account,
    world: World,
    step: u64,
    effects: Vec<(Who, Effect)>,
}

impl Past {
    /// She signs up, so many days before.
    fn begin(days: i64) -> Self {
        let night = world(0, Controls::ALL);
        let world = World { now: night.now.shifted(-days * DAY), ..night };
        let (account, effects) = open(Who::She.device(), String::new(), false, &world);
        let effects = effects.into_iter().map(|effect| (Who::She, effect)).collect();
        let mut past = Self { account, world, step: 0, effects };
        past.are_over(0);
        let device = Who::She.device();
        past.told(Who::She, Event::SignUpCode { device });
        past.told(Who::She, Event::SignUpFactor { device });
        past
    }

    /// Days pass.
    fn are_over(&mut self, days: i64) {
        self.world.now = self.world.now.shifted(days * DAY);
        self.step = self.world.now.seconds() / 30;
    }

    /// A message whose comparisons all found what was right.
    fn done(&mut self, message: Message, who: Who) -> Answer {
        self.told(who, message.event(who.device(), [Given::Nothing; 2]))
    }

    fn told(&mut self, who: Who, mut event: Event) -> Answer {
        loop {
            let account = std::mem::replace(&mut self.account, Account::Closed);
            let Decision { account, effects, answer } = decide(account, event, &self.world);
            self.account = account;
            self.effects.extend(effects.into_iter().map(|effect| (who, effect)));
            let Answer::Check(check) = answer else { return answer };
            let found = match check.compare() {
                Compare::Totp(_) => {
                    self.step += 1;
                    Found::Step(self.step)
                }
                _ => Found::Match,
            };
            event = Event::Checked { check, found };
        }
    }

    fn logged_in(&mut self, who: Who) -> Option<SessionId> {
        match self.done(Message::LogIn { factor: true }, who) {
            Answer::LoggedIn { session, .. } => Some(session),
            _ => None,
        }
    }

    /// He makes the account his own, after a log-in.
    fn changed(&mut self, session: SessionId) {
        self.done(Message::MoveAddress { session }, Who::He);
        self.done(Message::MoveAddressCode { session }, Who::He);
        self.done(Message::Enrol { session }, Who::He);
        self.done(Message::EnrolCode { session }, Who::He);
        self.done(Message::RenewRecovery { session }, Who::He);
    }

    /// What this one put in its place.
    fn kept(&self, by: Who, kind: SecretKind) -> impl DoubleEndedIterator<Item = SecretId> {
        self.effects.iter().filter_map(move |(who, effect)| match effect {
            Effect::Keep(id, kept) if (*who, *kept) == (by, kind) => Some(*id),
            _ => None,
        })
    }

    fn last(&self, by: Who, kind: SecretKind) -> SecretId {
        self.kept(by, kind).next_back().unwrap_or(SecretId(0))
    }

    /// The codes of notices, and where they went.
    fn notices(&self) -> impl Iterator<Item = (SecretId, SecretId)> {
        self.effects.iter().filter_map(|(_, effect)| match effect {
            Effect::Mail { to: MailTo::Kept(to), letter: Letter::Changed { code, .. } } => {
                Some((*to, *code))
            }
            _ => None,
        })
    }
}

/// The state of that night.
pub(crate) fn tonight(thief: Thief) -> State {
    let mut past = Past::begin(10);
    let old = past.last(Who::She, SecretKind::Password);
    // She changed the password that he knows.
    if let Answer::ResetBegun(reset) =
        past.done(Message::Reset { to: Destination::Verified }, Who::She)
    {
        past.done(Message::ResetCode { reset }, Who::She);
        past.done(Message::ResetFinish { reset }, Who::She);
    }
    let hers = past.logged_in(Who::She);
    if let Some(session) = hers {
        past.done(Message::Provision { session }, Who::She);
    }
    if thief.start == Start::Changed {
        past.are_over(9);
    }
    let his = if thief.start == Start::Stranger { None } else { past.logged_in(Who::He) };
    if let (Start::WasIn | Start::Changed, Some(session)) = (thief.start, his) {
        past.done(Message::Provision { session }, Who::He);
    }
    if let (Start::Changed, Some(session)) = (thief.start, his) {
        past.changed(session);
    }

    let factor = past.last(Who::She, SecretKind::Factor);
    let password = past.last(Who::She, SecretKind::Password);
    let addresses: BTreeSet<_> = past.kept(Who::He, SecretKind::Address).collect();
    let (his_notices, hers_of_them): (Vec<_>, Vec<_>) =
        past.notices().partition(|(to, _)| addresses.contains(to));
    let notices = his_notices.iter().chain(hers_of_them.iter().filter(|_| thief.mailbox));
    let held = if thief.factor { Some(factor) } else { None };
    State {
        waits: 0,
        typed: 0,
        she: She {
            password,
            factor,
            enrolling: None,
            session: hers,
            reset: None,
            code: None,
            sent: Vec::new(),
            recovery: None,
            move_code: None,
            notice: hers_of_them.last().map(|(_, code)| *code),
            reset_done: false,
            enrolled: false,
            moved: false,
            unfroze: false,
            took_back: false,
            provisioned: false,
            errands: 0,
        },
        he: He {
            passwords: if thief.password { [old, password].into() } else { [old].into() },
            codes: BTreeSet::new(),
            notices: notices.map(|(_, code)| *code).collect(),
            factors: past.kept(Who::He, SecretKind::Factor).chain(held).collect(),
            recovery: past.kept(Who::He, SecretKind::Recovery).take(1).collect(),
            seen: None,
            enrolling: None,
            move_code: None,
            session: his,
            resets: BTreeSet::new(),
            old_password: old,
            guessed: false,
            replayed: false,
            hopeless: 0,
            messages: 0,
            addresses,
        },
        under_way: Vec::new(),
        account: past.account,
    }
}
