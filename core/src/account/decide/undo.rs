//! Freezing, and taking changes back with the code of their notice and the second factor as it was before them.

use super::super::check::{Compare, Purpose, Right};
use super::super::event::{Answer, Deed, Effect, FactorKind, Letter, Refusal};
use super::super::ids::SessionId;
use super::super::limits::UNDO_TRIES;
use super::super::state::{Freeze, Spending};
use super::Decided;
use super::turn::Turn;

impl Turn<'_> {
    pub(super) fn freeze(&mut self, session: SessionId) -> Decided {
        self.session(session)?;
        if self.live.frozen.is_none() {
            self.froze(Freeze::Session);
        }
        Ok(Answer::Done)
    }

    pub(super) fn unfreeze(&mut self, session: SessionId) -> Decided {
        self.settled(session)?;
        self.factor_is_fresh(session)?;
        match self.live.frozen {
            None => Err(Refusal::NothingToDo),
            Some(Freeze::Session) => {
                self.live.frozen = None;
                self.tell(&Letter::Unfrozen);
                self.effects.push(Effect::Deed(Deed::Unfrozen));
                Ok(Answer::Done)
            }
            Some(Freeze::Notice | Freeze::Operator) => Err(Refusal::Frozen),
        }
    }

    fn froze(&mut self, by: Freeze) {
        self.live.frozen = Some(by);
        self.tell(&Letter::Frozen);
        self.effects.push(Effect::Deed(Deed::Frozen));
    }

    fn notice_codes(&mut self) -> (Compare, bool) {
        let left = self.live.used.undo.take(UNDO_TRIES, self.world.now);
        let codes = self.live.before.as_ref().filter(|_| left).map(|before| before.codes.clone());
        let counts = codes.is_some();
        (Compare::MailedCode(codes.unwrap_or_default()), counts)
    }

    pub(super) fn freeze_code(&mut self) -> Answer {
        let (compare, counts) = self.notice_codes();
        self.check(Purpose::Freeze, compare, counts)
    }

    /// Whether it was the code of a notice whose change can be taken back still.
    fn of_a_notice(&self, right: &Right) -> bool {
        self.live.before.as_ref().is_some_and(|before| right.among(&before.codes))
    }

    pub(super) fn freeze_checked(&mut self, right: &Right) -> Decided {
        if !self.of_a_notice(right) {
            return Err(Refusal::Wrong);
        }
        if self.live.frozen != Some(Freeze::Operator) {
            self.froze(Freeze::Notice);
        }
        self.raise_epoch();
        Ok(Answer::Done)
    }

    pub(super) fn undo_code(&mut self, factor: FactorKind) -> Answer {
        let (compare, counts) = self.notice_codes();
        self.check(Purpose::UndoCode { factor }, compare, counts)
    }

    pub(super) fn undo_code_checked(&mut self, factor: FactorKind, right: &Right) -> Answer {
        let counts = self.of_a_notice(right);
        let before = self.live.before.as_ref().map(|before| &before.evidence);
        let evidence = before.unwrap_or(&self.live.evidence);
        let compare = evidence.compare(factor, counts, self.world);
        self.check(Purpose::UndoFactor, compare, counts)
    }

    pub(super) fn undo_checked(&mut self, right: &Right) -> Decided {
        let evidence = self.live.before.as_ref().map(|before| before.evidence.clone());
        let evidence = evidence.ok_or(Refusal::Wrong)?;
        self.use_factor(&evidence, right).ok_or(Refusal::Wrong)?;
        self.tell(&Letter::Undone);
        let Some(before) = self.live.before.take() else { return Err(Refusal::Wrong) };
        let devices: Vec<_> = self.live.devices.iter().map(|device| device.id).collect();
        for new in devices.into_iter().filter(|device| !before.devices.contains(device)) {
            self.drop_device(new);
        }
        self.restore(before);
        // Whoever made the changes knew the password, and may have asked for the deletion.
        if let Some(password) = self.live.password.take() {
            self.forget(password);
        }
        self.live.must_enrol = false;
        self.live.closing = None;
        self.live.spending = Spending::Held;
        if self.live.frozen == Some(Freeze::Notice) {
            self.live.frozen = None;
        }
        self.raise_epoch();
        self.effects.push(Effect::Deed(Deed::ChangesTakenBack));
        Ok(Answer::Done)
    }
}
