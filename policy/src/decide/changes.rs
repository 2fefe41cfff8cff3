//! Changes of what an owner proves herself by: factor, recovery codes, address. Each asks for a full log-in just now, and
//! the address as it was hears of it.

use tegata::protocol::Refusal;
use tegata::protocol::SessionId;

use super::super::check::{Compare, Purpose, Right};
use super::super::event::{Answer, Change, Deed, Effect, Letter, MailTo, SecretKind};
use super::super::limits::{ADDRESS_CODES, CHANGES, UNDO_WINDOW, later};
use super::super::state::{Enrolling, Evidence, Factor, Freeze, Moving};
use super::Decided;
use super::turn::Turn;

impl Turn<'_> {
    /// After a full log-in, and not too often.
    fn may_change(&mut self, session: SessionId) -> Result<(), Refusal> {
        self.full_log_in(session)?;
        self.has_changes_left()
    }

    /// The same; and where the owner froze the account herself and owes a factor, as when her phone is lost, she enrols
    /// one in spite of that: she cannot let go without it, and to let go asks for less than this does.
    fn may_enrol(&mut self, session: SessionId) -> Result<(), Refusal> {
        self.just_logged_in(session)?;
        match self.live.frozen {
            None => {}
            Some(Freeze::Session) if self.live.must_enrol => {}
            Some(_) => return Err(Refusal::Frozen),
        }
        self.has_changes_left()
    }

    fn has_changes_left(&self) -> Result<(), Refusal> {
        let Some(before) = &self.live.before else { return Ok(()) };
        if before.codes.len() < CHANGES {
            return Ok(());
        }
        let next = later(before.since, UNDO_WINDOW).seconds();
        Err(Refusal::TooOften { wait: next.saturating_sub(self.world.now.seconds()).max(1) })
    }

    pub(super) fn enrol(&mut self, session: SessionId) -> Decided {
        self.may_enrol(session)?;
        if let Some(old) = self.live.enrolling.take() {
            self.forget(old.secret);
        }
        let secret = self.keep_secret(SecretKind::Factor);
        self.live.enrolling = Some(Enrolling { secret, session });
        Ok(Answer::Enrolling(secret))
    }

    pub(super) fn enrol_code(&mut self, session: SessionId) -> Decided {
        self.may_enrol(session)?;
        let enrolling = self.live.enrolling.filter(|enrolling| enrolling.session == session);
        let enrolling = enrolling.ok_or(Refusal::NothingToDo)?;
        let compare = Compare::Totp(Some((enrolling.secret, self.world.used_up_to)));
        Ok(self.check(Purpose::Enrol { session }, compare, true))
    }

    pub(super) fn enrolled(&mut self, session: SessionId, right: &Right) -> Decided {
        self.may_enrol(session)?;
        let Right::Step(secret, step) = *right else { return Err(Refusal::Wrong) };
        let this = Enrolling { secret, session };
        self.live.enrolling.take_if(|enrolling| *enrolling == this).ok_or(Refusal::Wrong)?;
        let factor = Factor::new(secret, step);
        self.replace(Change::Factor, Evidence { factor, ..self.live.evidence.clone() });
        self.live.must_enrol = false;
        self.effects.push(Effect::Deed(Deed::FactorEnrolled));
        Ok(Answer::Done)
    }

    pub(super) fn renew_recovery(&mut self, session: SessionId) -> Decided {
        self.settled(session)?;
        self.may_change(session)?;
        let recovery = self.make_recovery();
        let new = Evidence { recovery: recovery.clone(), ..self.live.evidence.clone() };
        self.replace(Change::Recovery, new);
        self.effects.push(Effect::Deed(Deed::RecoveryRenewed));
        Ok(Answer::RecoveryCodes(recovery))
    }

    pub(super) fn move_address(&mut self, session: SessionId) -> Decided {
        self.settled(session)?;
        self.may_change(session)?;
        let left = self.live.used.address.take_or_wait(ADDRESS_CODES, self.world.now);
        left.map_err(|wait| Refusal::TooOften { wait })?;
        if let Some(old) = self.live.moving.take() {
            self.forget(old.address);
            self.forget(old.code.secret);
        }
        let address = self.keep_secret(SecretKind::Address);
        let code = self.mailed_code();
        let letter = Letter::Move { code: code.secret };
        self.effects.push(Effect::Mail { to: MailTo::Kept(address), letter });
        self.live.moving = Some(Moving { address, code, session });
        Ok(Answer::Done)
    }

    pub(super) fn move_address_code(&mut self, session: SessionId) -> Decided {
        self.settled(session)?;
        self.may_change(session)?;
        let moving = self.live.moving.as_mut().filter(|moving| moving.session == session);
        let moving = moving.ok_or(Refusal::NothingToDo)?;
        // No wait makes a code good again that was tried too often: another one has to be asked for.
        let code = moving.code.try_once(self.world).ok_or(Refusal::Wrong)?;
        let compare = Compare::MailedCode(Some(code));
        Ok(self.check(Purpose::Move { session }, compare, true))
    }

    pub(super) fn moved(&mut self, session: SessionId, right: &Right) -> Decided {
        self.settled(session)?;
        self.may_change(session)?;
        let this = |moving: &mut Moving| right.among(std::slice::from_ref(&moving.code.secret));
        let moving = self.live.moving.take_if(this).ok_or(Refusal::Wrong)?;
        self.forget(moving.code.secret);
        let address = moving.address;
        self.effects.push(Effect::Claim(address));
        self.replace(Change::Address, Evidence { address, ..self.live.evidence.clone() });
        self.effects.push(Effect::Deed(Deed::AddressMoved));
        Ok(Answer::Done)
    }
}
