//! One decision about a live account: the account, the time, and what has to be done.

use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use super::super::check::{Check, Compare, Purpose};
use super::super::event::{Answer, Effect, Letter, MailTo, SecretKind};
use super::super::ids::SecretId;
use super::super::limits::{FRESH, MAILED_CODE_LIFE, UNDO_WINDOW, within};
use super::super::state::{Device, Freeze, Live, MailedCode, Session};
use super::super::world::{Control, World};

/// One decision.
pub(super) struct Turn<'a> {
    pub(super) live: &'a mut Live,
    pub(super) world: &'a World,
    pub(super) effects: Vec<Effect>,
    pub(super) closed: bool,
}

impl<'a> Turn<'a> {
    /// Starts with what has run out gone.
    pub(super) fn new(live: &'a mut Live, world: &'a World) -> Self {
        let mut turn = Self { live, world, effects: Vec::new(), closed: false };
        turn.forget_what_ran_out();
        turn
    }

    /// What has to be done, and whether the account is closed.
    pub(super) fn end(self) -> (Vec<Effect>, bool) {
        (self.effects, self.closed)
    }

    pub(super) fn on(&self, control: Control) -> bool {
        self.world.controls.on(control)
    }

    /// A new number.
    pub(super) fn number(&mut self) -> u32 {
        self.live.next += 1;
        self.live.next
    }

    /// A new secret, made or taken from the request.
    pub(super) fn keep_secret(&mut self, kind: SecretKind) -> SecretId {
        let secret = SecretId(self.number());
        self.effects.push(Effect::Keep(secret, kind));
        secret
    }

    /// A code that a letter carries.
    pub(super) fn mailed_code(&mut self) -> MailedCode {
        let secret = self.keep_secret(SecretKind::MailedCode);
        MailedCode { secret, since: self.world.now, tries: 0 }
    }

    pub(super) fn forget(&mut self, secret: SecretId) {
        self.effects.push(Effect::Forget(secret));
    }

    /// To the verified address; and to the one before it, for as long as its owner can take the change back.
    pub(super) fn tell(&mut self, letter: &Letter) {
        let now = self.live.evidence.address;
        let before = self.live.before.as_ref().map(|before| before.evidence.address);
        for to in [Some(now), before.filter(|before| *before != now)].into_iter().flatten() {
            self.effects.push(Effect::Mail { to: MailTo::Kept(to), letter: letter.clone() });
        }
    }

    /// An answer that asks for a comparison.
    pub(super) fn check(&self, purpose: Purpose, compare: Compare, counts: bool) -> Answer {
        Answer::Check(Check { purpose, compare, counts, epoch: self.live.epoch })
    }

    pub(super) fn device(&mut self, id: DeviceId) -> Option<&mut Device> {
        self.live.devices.iter_mut().find(|device| device.id == id)
    }

    /// A session that counts.
    pub(super) fn session(&mut self, id: SessionId) -> Result<&mut Session, Refusal> {
        let session = self.live.sessions.iter_mut().find(|session| session.id == id);
        session.ok_or(Refusal::NotLoggedIn)
    }

    /// A session of an owner who may do more than enrol a factor.
    pub(super) fn settled(&mut self, id: SessionId) -> Result<&mut Session, Refusal> {
        if self.live.must_enrol {
            self.session(id)?;
            return Err(Refusal::EnrolFirst);
        }
        self.session(id)
    }

    /// A session whose second factor was proved just now.
    pub(super) fn factor_is_fresh(&mut self, id: SessionId) -> Result<(), Refusal> {
        let asked = self.on(Control::FreshFactor) && self.on(Control::SecondFactor);
        let now = self.world.now;
        let factor = self.session(id)?.factor;
        if asked && !factor.is_some_and(|at| within(at, FRESH, now)) {
            return Err(Refusal::FactorNeeded);
        }
        Ok(())
    }

    /// A session of a full log-in just now.
    pub(super) fn just_logged_in(&mut self, id: SessionId) -> Result<(), Refusal> {
        let now = self.world.now;
        if !within(self.session(id)?.since, FRESH, now) {
            return Err(Refusal::LoginTooOld);
        }
        self.factor_is_fresh(id)
    }

    /// The same, on an account that is not frozen: what a change asks for.
    pub(super) fn full_log_in(&mut self, id: SessionId) -> Result<(), Refusal> {
        self.just_logged_in(id)?;
        if self.live.is_frozen() { Err(Refusal::Frozen) } else { Ok(()) }
    }

    /// Voids what was made before.
    pub(super) fn raise_epoch(&mut self) {
        self.live.epoch.0 += 1;
        self.forget_what_ran_out();
    }

    fn forget_what_ran_out(&mut self) {
        let (world, now, epoch) = (self.world, self.world.now, self.live.epoch);
        let counts: Vec<_> = self.live.sessions(self.world).map(|session| session.id).collect();
        for session in self.live.sessions.extract_if(.., |session| !counts.contains(&session.id)) {
            self.effects.push(Effect::SessionEnded(session.id));
        }
        self.drop_resets(|reset| !reset.counts(epoch, world));
        self.live.credential = self.live.credential(self.world).copied();
        self.forget_unfinished();
        // Whoever froze the account by a notice still has to be able to take the changes back, and so while an operator
        // looks at it.
        let over = |since| !within(since, UNDO_WINDOW, now);
        if !matches!(self.live.frozen, Some(Freeze::Notice | Freeze::Operator))
            && self.live.before.as_ref().is_some_and(|before| over(before.since))
        {
            self.forget_before();
        }
    }

    /// A factor or an address that nobody finished enrolling, in a session that is gone or in time that is over.
    fn forget_unfinished(&mut self) {
        let sessions: Vec<_> = self.live.sessions.iter().map(|session| session.id).collect();
        if let Some(gone) = self.live.enrolling.take_if(|e| !sessions.contains(&e.session)) {
            self.forget(gone.secret);
        }
        let now = self.world.now;
        let gone = self.live.moving.take_if(|moving| {
            !sessions.contains(&moving.session) || !within(moving.code.since, MAILED_CODE_LIFE, now)
        });
        if let Some(gone) = gone {
            self.forget(gone.code.secret);
            self.forget(gone.address);
        }
    }
}

impl MailedCode {
    /// The code's secret, if it is not too old and may be compared once more; counts the try.
    pub(super) fn try_once(&mut self, world: &World) -> Option<SecretId> {
        if !self.may_be_tried(world) {
            return None;
        }
        self.tries = self.tries.saturating_add(1);
        Some(self.secret)
    }
}
