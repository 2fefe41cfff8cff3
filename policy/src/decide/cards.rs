//! Cards that are charged for what is paid. Which there are is kept beside the account; who may change that is decided
//! here.

use tegata::protocol::Refusal;
use tegata::protocol::SessionId;

use super::super::event::{Answer, Deed, Effect, Letter};
use super::Decided;
use super::turn::Turn;

impl Turn<'_> {
    pub(super) fn add_card(&mut self, session: SessionId, card: String) -> Decided {
        self.may_choose(session)?;
        self.tell(&Letter::CardAdded { card });
        self.effects.extend([Effect::Card, Effect::Deed(Deed::CardAdded)]);
        Ok(Answer::Done)
    }

    pub(super) fn default_card(&mut self, session: SessionId) -> Decided {
        self.may_choose(session)?;
        self.effects.extend([Effect::Card, Effect::Deed(Deed::CardChosen)]);
        Ok(Answer::Done)
    }

    /// Asks for the session alone: who wants a card gone is not kept waiting, and the owner hears of it.
    pub(super) fn remove_card(&mut self, session: SessionId, card: String) -> Decided {
        self.session(session)?;
        self.tell(&Letter::CardRemoved { card });
        self.effects.extend([Effect::Card, Effect::Deed(Deed::CardRemoved)]);
        Ok(Answer::Done)
    }

    /// What a card is chosen with: a second factor just now, on an account that is not frozen.
    fn may_choose(&mut self, session: SessionId) -> Result<(), Refusal> {
        self.settled(session)?;
        self.factor_is_fresh(session)?;
        if self.live.is_frozen() { Err(Refusal::Frozen) } else { Ok(()) }
    }
}
