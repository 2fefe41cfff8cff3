//! Allows changes to the cards that payments are charged to. The cards themselves are stored beside the account.

use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use super::transition::{Transition, TransitionResult};
use crate::card_setup::CardSetupOrigin;
use crate::effect::{AuditEvent, Effect, Notification};
use crate::event::Reply;

impl Transition<'_> {
    pub(super) fn begin_card_setup(&mut self, session: SessionId) -> TransitionResult {
        self.require_card_choice_allowed(session)?;
        let device = self.session(session)?.device;
        self.effects.push(Effect::StoreCardSetup(CardSetupOrigin {
            session,
            device,
            epoch: self.account.epoch,
            generation: self.context.generation,
            since: self.context.now,
        }));
        Ok(Reply::Done)
    }

    /// Adds the card for the session that began its registration, which had a fresh factor then. Nothing in between may
    /// have voided that: no reset, no freeze, no other session of the same device.
    pub(super) fn add_card(
        &mut self,
        session: SessionId,
        origin: &CardSetupOrigin,
        card: String,
    ) -> TransitionResult {
        let device = self.enrolled_session(session)?.device;
        if self.account.is_frozen() {
            return Err(Refusal::Frozen);
        }
        let is_same = (origin.session, origin.device) == (session, device)
            && (origin.epoch, origin.generation) == (self.account.epoch, self.context.generation);
        if !is_same || !origin.is_young(self.context) {
            return Err(Refusal::NoPendingOperation);
        }
        self.notify(&Notification::CardAdded { card });
        self.effects.extend([Effect::WriteCards, Effect::Audit(AuditEvent::CardAdded)]);
        Ok(Reply::Done)
    }

    pub(super) fn set_default_card(&mut self, session: SessionId) -> TransitionResult {
        self.require_card_choice_allowed(session)?;
        self.effects.extend([Effect::WriteCards, Effect::Audit(AuditEvent::DefaultCardSet)]);
        Ok(Reply::Done)
    }

    /// Removing a card should be quick: the signature of the session's device suffices, and the owner is notified.
    pub(super) fn remove_card(
        &mut self,
        session: SessionId,
        signer: Option<DeviceId>,
        card: String,
    ) -> TransitionResult {
        self.require_signature_or_factor(session, signer)?;
        self.notify(&Notification::CardRemoved { card });
        self.effects.extend([Effect::WriteCards, Effect::Audit(AuditEvent::CardRemoved)]);
        Ok(Reply::Done)
    }

    /// Requires a fresh second factor and an account that is not frozen.
    fn require_card_choice_allowed(&mut self, session: SessionId) -> Result<(), Refusal> {
        self.enrolled_session(session)?;
        self.require_fresh_factor(session)?;
        if self.account.is_frozen() { Err(Refusal::Frozen) } else { Ok(()) }
    }
}
