//! Exports the owner's data and deletes accounts, seven days after the request.

use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use super::transition::{Transition, TransitionResult};
use crate::effect::{AuditEvent, Effect, Notification};
use crate::event::Reply;
use crate::limits::{DELETION_GRACE, later};

impl Transition<'_> {
    /// Allows an export, also of a frozen account. The owner is notified, since an attacker may be exporting: also of a
    /// request for a later page, if the session requested none before.
    pub(super) fn export(&mut self, session: SessionId, first: bool) -> TransitionResult {
        self.enrolled_session(session)?;
        self.require_recent_log_in(session)?;
        let exported = std::mem::replace(&mut self.session(session)?.exported, true);
        if first || !exported {
            self.notify(&Notification::DataExported);
            self.effects.push(Effect::Audit(AuditEvent::DataExported));
        }
        Ok(Reply::Done)
    }

    pub(super) fn request_deletion(&mut self, session: SessionId) -> TransitionResult {
        self.enrolled_session(session)?;
        self.require_unfrozen_log_in(session)?;
        if self.account.deletion.is_none() {
            self.account.deletion = Some(later(self.context.now, DELETION_GRACE));
            self.notify(&Notification::DeletionScheduled);
            self.effects.push(Effect::Audit(AuditEvent::DeletionScheduled));
        }
        Ok(Reply::Done)
    }

    pub(super) fn cancel_deletion(
        &mut self,
        session: SessionId,
        signer: Option<DeviceId>,
    ) -> TransitionResult {
        self.require_signature_or_factor(session, signer)?;
        self.account.deletion.take().ok_or(Refusal::NoPendingOperation)?;
        self.notify(&Notification::DeletionCancelled);
        self.effects.push(Effect::Audit(AuditEvent::DeletionCancelled));
        Ok(Reply::Done)
    }

    pub(super) fn delete_if_due(&mut self) -> TransitionResult {
        if self.account.deletion.is_none_or(|due| self.context.now < due) {
            return Err(Refusal::NoPendingOperation);
        }
        // Whoever requested the deletion may not be the owner.
        if self.account.is_frozen() {
            return Err(Refusal::Frozen);
        }
        self.notify(&Notification::AccountDeleted);
        self.effects.extend([Effect::EraseAccount, Effect::Audit(AuditEvent::AccountDeleted)]);
        self.closed = true;
        Ok(Reply::Done)
    }
}
