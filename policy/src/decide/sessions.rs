//! Tracks use of sessions, ends them, and removes devices.

use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use super::transition::{Transition, TransitionResult};
use crate::effect::{AuditEvent, Effect};
use crate::event::Reply;
use crate::limits::FRESH;
use crate::limits::within;

impl Transition<'_> {
    /// Records the time of use, every five minutes rather than at each request.
    pub(super) fn touch_session(&mut self, session: SessionId) -> TransitionResult {
        let now = self.context.now;
        let session = self.session(session)?;
        if !within(session.seen, FRESH, now) {
            session.seen = now;
        }
        Ok(Reply::Done)
    }

    pub(super) fn log_out(&mut self, session: SessionId) -> TransitionResult {
        self.session(session)?;
        self.end_sessions_where(|id, _| id == session);
        self.effects.push(Effect::Audit(AuditEvent::LoggedOut));
        Ok(Reply::Done)
    }

    pub(super) fn end_sessions(
        &mut self,
        session: SessionId,
        which: Option<SessionId>,
    ) -> TransitionResult {
        self.session(session)?;
        if let Some(which) = which {
            self.session(which).map_err(|_| Refusal::NoPendingOperation)?;
        }
        self.end_sessions_where(|id, _| which.map_or(id != session, |which| id == which));
        self.effects.push(Effect::Audit(AuditEvent::SessionsEnded));
        Ok(Reply::Done)
    }

    pub(super) fn forget_device(
        &mut self,
        session: SessionId,
        device: DeviceId,
    ) -> TransitionResult {
        self.session(session)?;
        self.device(device).ok_or(Refusal::NoPendingOperation)?;
        self.remove_device(device);
        self.effects.push(Effect::Audit(AuditEvent::DeviceForgotten));
        Ok(Reply::Done)
    }

    /// Removes the device with its sessions, its resets and its payment credential.
    pub(super) fn remove_device(&mut self, device: DeviceId) {
        self.end_sessions_where(|_, on| on == device);
        self.account.devices.retain(|other| other.id != device);
        self.end_resets(|reset| reset.device == device);
        self.account.credential = self.account.credential.filter(|c| c.device != device);
    }

    fn end_sessions_where(&mut self, which: impl Fn(SessionId, DeviceId) -> bool) {
        for ended in self.account.sessions.extract_if(.., |s| which(s.id, s.device)) {
            self.effects.push(Effect::EndSession(ended.id));
        }
    }
}
