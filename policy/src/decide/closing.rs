//! What an owner takes with her, and deletion: asked for, thought over for seven days, done.

use tegata::protocol::Refusal;
use tegata::protocol::SessionId;

use super::super::event::{Answer, Deed, Effect, Letter};
use super::super::limits::{CLOSING_GRACE, later};
use super::Decided;
use super::turn::Turn;

impl Turn<'_> {
    /// A frozen account's owner has a right to it as well. She is told, since it may not be she who asks: of a page that is
    /// said to be a later one, too, if the session had none before.
    pub(super) fn export(&mut self, session: SessionId, first: bool) -> Decided {
        self.settled(session)?;
        self.just_logged_in(session)?;
        let exported = std::mem::replace(&mut self.session(session)?.exported, true);
        if first || !exported {
            self.tell(&Letter::Exported);
            self.effects.push(Effect::Deed(Deed::Exported));
        }
        Ok(Answer::Done)
    }

    pub(super) fn close(&mut self, session: SessionId) -> Decided {
        self.settled(session)?;
        self.full_log_in(session)?;
        if self.live.closing.is_none() {
            self.live.closing = Some(later(self.world.now, CLOSING_GRACE));
            self.tell(&Letter::Closing);
            self.effects.push(Effect::Deed(Deed::Closing));
        }
        Ok(Answer::Done)
    }

    pub(super) fn keep(&mut self, session: SessionId) -> Decided {
        self.session(session)?;
        self.live.closing.take().ok_or(Refusal::NothingToDo)?;
        self.tell(&Letter::Kept);
        self.effects.push(Effect::Deed(Deed::Kept));
        Ok(Answer::Done)
    }

    pub(super) fn close_due(&mut self) -> Decided {
        if self.live.closing.is_none_or(|due| self.world.now < due) {
            return Err(Refusal::NothingToDo);
        }
        // Whoever asked for the deletion may not be the owner.
        if self.live.is_frozen() {
            return Err(Refusal::Frozen);
        }
        self.tell(&Letter::Closed);
        self.effects.extend([Effect::Erase, Effect::Deed(Deed::Closed)]);
        self.closed = true;
        Ok(Answer::Done)
    }
}
