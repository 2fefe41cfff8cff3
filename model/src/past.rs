//! How it came to the night that the model begins with: all of it decided by the function itself, with all controls on.

use std::collections::BTreeSet;

use tegata::account::{
    Account, Answer, Controls, Decision, Destination, Effect, Found, ResetId, SecretId, SecretKind,
    SessionId, World, decide, open,
};

use crate::act::{Message, Who};
use crate::state::{He, She, State, world};
use crate::thief::{Start, Thief};

/// Ten days before.
struct Past {
    account: Account,
    world: World,
    step: u64,
    kept: Vec<(SecretId, SecretKind)>,
}

impl Past {
    /// A message whose comparisons all found what was right.
    fn done(&mut self, message: Message, who: Who) -> Answer {
        self.told(message.event(who.device()))
    }

    fn told(&mut self, mut event: tegata::account::Event) -> Answer {
        loop {
            let account = std::mem::replace(&mut self.account, Account::Closed);
            let Decision { account, effects, answer } = decide(account, event, &self.world);
            self.account = account;
            self.kept.extend(effects.iter().filter_map(|effect| match effect {
                Effect::Keep(id, kind) => Some((*id, *kind)),
                _ => None,
            }));
            let Answer::Check(check) = answer else { return answer };
            let found = match check.compare() {
                tegata::account::Compare::Totp(_) => {
                    self.step += 1;
                    Found::Step(self.step)
                }
                _ => Found::Match,
            };
            event = tegata::account::Event::Checked { check, found };
        }
    }

    fn logged_in(&mut self, who: Who) -> Option<SessionId> {
        match self.done(Message::LogIn { factor: true }, who) {
            Answer::LoggedIn { session, .. } => Some(session),
            _ => None,
        }
    }

    fn last(&self, kind: SecretKind) -> SecretId {
        let of_kind = self.kept.iter().rev().find(|(_, kept)| *kept == kind);
        of_kind.map_or(SecretId(0), |(id, _)| *id)
    }
}

/// The state of that night.
pub(crate) fn tonight(thief: Thief) -> State {
    let days = 10 * 24 * 60 * 60;
    let night = world(0, Controls::ALL);
    let then = World { now: night.now.shifted(-days), ..night };
    let (account, effects) = open(Who::She.device(), String::new(), false, &then);
    let mut past = Past { account, world: then, step: then.now.seconds() / 30, kept: Vec::new() };
    past.kept.extend(effects.iter().filter_map(|effect| match effect {
        Effect::Keep(id, kind) => Some((*id, *kind)),
        _ => None,
    }));

    let device = Who::She.device();
    past.told(tegata::account::Event::SignUpCode { device });
    past.told(tegata::account::Event::SignUpFactor { device });
    let (factor, old) = (past.last(SecretKind::Factor), past.last(SecretKind::Password));
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
    let his = if thief.start == Start::Stranger { None } else { past.logged_in(Who::He) };
    if let (Start::WasIn, Some(session)) = (thief.start, his) {
        past.done(Message::Provision { session }, Who::He);
    }

    let password = past.last(SecretKind::Password);
    State {
        account: past.account,
        waits: 0,
        typed: 0,
        she: She {
            password,
            factor,
            enrolling: None,
            session: hers,
            reset: None::<ResetId>,
            code: None,
            sent: Vec::new(),
            reset_done: false,
            enrolled: false,
            provisioned: false,
            errands: 0,
        },
        he: He {
            passwords: if thief.password { [old, password].into() } else { [old].into() },
            codes: BTreeSet::new(),
            notices: BTreeSet::new(),
            factors: if thief.factor { [factor].into() } else { BTreeSet::new() },
            value: None,
            enrolling: None,
            session: his,
            resets: BTreeSet::new(),
            old_password: old,
            guessed: false,
            replayed: false,
            hopeless: 0,
            messages: 0,
        },
        under_way: Vec::new(),
    }
}
