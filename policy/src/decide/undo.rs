//! Freezing, and taking changes back with the code of their notice and the second factor as it was before them.

use tegata::protocol::Refusal;
use tegata::protocol::SessionId;

use super::super::check::{Compare, Purpose, Right};
use super::super::event::{Answer, Deed, Effect, FactorKind, Letter};
use super::super::limits::{FACTOR_IN_TAKE_BACKS, Used};
use super::super::state::{Before, Freeze, Spending};
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

    /// Not counted: nobody guesses 80 bits, and a budget could be used up by who wants the owner kept out.
    fn notice(&self, purpose: Purpose) -> Answer {
        let codes: Vec<_> = self.live.before.iter().flat_map(Before::notices).collect();
        let counts = !codes.is_empty();
        self.check(purpose, Compare::Notice(codes), counts)
    }

    pub(super) fn freeze_code(&self) -> Answer {
        self.notice(Purpose::Freeze)
    }

    /// What counts the second factors given with this code, if it is of a notice whose change can be taken back still.
    fn of_a_notice(&mut self, right: &Right) -> Option<&mut Used> {
        let before = self.live.before.as_ref()?;
        if right.among(&before.codes) {
            Some(&mut self.live.used.undo)
        } else {
            let elsewhere = right.among(&before.codes_elsewhere);
            elsewhere.then_some(&mut self.live.used.undo_elsewhere)
        }
    }

    pub(super) fn freeze_checked(&mut self, right: &Right) -> Decided {
        self.of_a_notice(right).ok_or(Refusal::Wrong)?;
        // Once is enough: an epoch raised again and again would keep her from ever taking the changes back.
        let before = self.live.before.as_mut();
        let was_given = before.is_some_and(|before| std::mem::replace(&mut before.froze, true));
        if was_given || self.live.frozen == Some(Freeze::Notice) {
            return Ok(Answer::Done);
        }
        if self.live.frozen != Some(Freeze::Operator) {
            self.froze(Freeze::Notice);
        }
        self.raise_epoch();
        Ok(Answer::Done)
    }

    pub(super) fn undo_code(&self, factor: FactorKind) -> Answer {
        self.notice(Purpose::UndoCode { factor })
    }

    pub(super) fn undo_code_checked(&mut self, factor: FactorKind, right: &Right) -> Answer {
        let (now, recovery) = (self.world.now, factor == FactorKind::Recovery);
        // Charged only when the code was right: who reads no mail of hers cannot use it up.
        let tries = self.of_a_notice(right);
        let counts = tries.is_some_and(|used| recovery || used.take(FACTOR_IN_TAKE_BACKS, now));
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
