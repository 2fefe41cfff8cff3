//! Sign-up: a code mailed to the address, a password, a second factor. Only then is there an account.

use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use super::super::check::{Check, Compare, Found, Purpose, Right};
use super::super::event::{Answer, Deed, Effect, Event, Letter, MailTo, SecretKind};
use super::super::ids::{Epoch, SecretId};
use super::super::limits::{
    LOW_CAPS, MAILED_CODE_LIFE, PROVED_LIFE, RECOVERY_CODES, Used, later, within,
};
use super::super::state::{
    Account, Device, Evidence, Factor, Live, MailedCode, Opening, Session, Spending, Step, Tries,
};
use super::super::world::World;
use super::{Decision, refused};

/// Begins a sign-up. The answer to it and the work are the same whether or not the address has an account: then its owner
/// is told so, in the place of the code.
#[must_use]
pub fn open(device: DeviceId, name: String, taken: bool, world: &World) -> (Account, Vec<Effect>) {
    let (address, code) = (SecretId(1), SecretId(2));
    let letter = if taken { Letter::AlreadyHere } else { Letter::SignUp { code } };
    let effects = vec![
        Effect::Keep(address, SecretKind::Address),
        Effect::Keep(code, SecretKind::MailedCode),
        Effect::Mail { to: MailTo::Kept(address), letter },
    ];
    let step = Step::Mailed(MailedCode { secret: code, since: world.now, tries: 0 });
    (Account::Opening(Opening { address, device, name, next: code.0, step }), effects)
}

pub(super) fn decide(mut opening: Opening, event: Event, world: &World) -> Decision {
    let asker = match &event {
        Event::SignUpCode { device } | Event::SignUpFactor { device } => Some(*device),
        _ => None,
    };
    if asker.is_some_and(|asker| asker != opening.device) {
        return refused(Account::Opening(opening), Refusal::Wrong);
    }
    match event {
        Event::SignUpCode { .. } => {
            let check = opening.try_code(world);
            answer(opening, check)
        }
        Event::SignUpFactor { .. } => match opening.step {
            Step::Verified { factor, since, .. } if within(since, PROVED_LIFE, world.now) => {
                let compare = Compare::Totp(Some((factor, world.used_up_to)));
                answer(opening, check(Purpose::SignUpFactor, compare, true))
            }
            _ => refused(Account::Opening(opening), Refusal::Wrong),
        },
        Event::Checked { check, found } => opening.checked(&check, found, world),
        Event::CloseDue if opening.ran_out(world) => Decision {
            account: Account::Closed,
            effects: vec![Effect::Erase],
            answer: Answer::Done,
        },
        _ => refused(Account::Opening(opening), Refusal::Wrong),
    }
}

fn answer(opening: Opening, answer: Answer) -> Decision {
    Decision { account: Account::Opening(opening), effects: Vec::new(), answer }
}

fn check(purpose: Purpose, compare: Compare, counts: bool) -> Answer {
    Answer::Check(Check { purpose, compare, counts, epoch: Epoch::default() })
}

impl Opening {
    fn checked(self, check: &Check, found: Found, world: &World) -> Decision {
        let right = if check.counts { check.right(found) } else { Right::Nothing };
        match (&check.purpose, &self.step, right) {
            (Purpose::SignUpCode, Step::Mailed(code), right)
                if right.among(std::slice::from_ref(&code.secret)) =>
            {
                self.verified(world)
            }
            (Purpose::SignUpFactor, Step::Verified { factor, .. }, Right::Step(secret, step))
                if *factor == secret =>
            {
                self.become_account(step, world)
            }
            _ => refused(Account::Opening(self), Refusal::Wrong),
        }
    }

    /// Whether nothing can come of it any more: the address goes.
    fn ran_out(&self, world: &World) -> bool {
        match &self.step {
            Step::Mailed(code) => !within(code.since, MAILED_CODE_LIFE, world.now),
            Step::Verified { since, .. } => !within(*since, PROVED_LIFE, world.now),
        }
    }

    fn try_code(&mut self, world: &World) -> Answer {
        let code = match &mut self.step {
            Step::Mailed(code) => code.try_once(world),
            Step::Verified { .. } => None,
        };
        let counts = code.is_some();
        let compare = Compare::MailedCode(code);
        check(Purpose::SignUpCode, compare, counts)
    }

    fn verified(mut self, world: &World) -> Decision {
        let Step::Mailed(code) = &self.step else {
            return refused(Account::Opening(self), Refusal::Wrong);
        };
        let forget = code.secret;
        let (password, factor) = (SecretId(self.next + 1), SecretId(self.next + 2));
        self.next += 2;
        self.step = Step::Verified { password, factor, since: world.now };
        let effects = vec![
            Effect::Forget(forget),
            Effect::Keep(password, SecretKind::Password),
            Effect::Keep(factor, SecretKind::Factor),
        ];
        Decision { account: Account::Opening(self), effects, answer: Answer::Enrolling(factor) }
    }

    fn become_account(self, step: u64, world: &World) -> Decision {
        let Step::Verified { password, factor, .. } = self.step else {
            return refused(Account::Opening(self), Refusal::Wrong);
        };
        let recovery: Vec<_> = (1..=RECOVERY_CODES).map(|n| SecretId(self.next + n)).collect();
        let session = SessionId(self.next + RECOVERY_CODES + 1);
        let live = Live {
            epoch: Epoch::default(),
            next: session.0,
            evidence: Evidence {
                address: self.address,
                factor: Factor::new(factor, step),
                recovery: recovery.clone(),
            },
            password: Some(password),
            enrolling: None,
            must_enrol: false,
            moving: None,
            before: None,
            frozen: None,
            spending: Spending::Open { low_until: later(world.now, LOW_CAPS) },
            credential: None,
            devices: vec![Device::new(self.device, self.name, world.now)],
            sessions: vec![Session {
                id: session,
                device: self.device,
                seen: world.now,
                since: world.now,
                factor: Some(world.now),
                epoch: Epoch::default(),
                generation: world.generation,
                exported: false,
            }],
            resets: Vec::new(),
            used: Tries::default(),
            closing: None,
        };
        let mut effects = vec![Effect::Claim(self.address), Effect::SessionMade(session)];
        effects.extend(recovery.iter().map(|code| Effect::Keep(*code, SecretKind::Recovery)));
        effects.push(Effect::Deed(Deed::SignedUp));
        let answer = Answer::SignedUp { session, recovery };
        Decision { account: Account::Live(Box::new(live)), effects, answer }
    }
}

impl Device {
    pub(super) fn new(id: DeviceId, name: String, since: tegata::UnixTime) -> Self {
        let (logins, factor, codes) = (Used::default(), Used::default(), Used::default());
        Self { id, name, since, logins, factor, codes }
    }
}
