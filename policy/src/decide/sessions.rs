//! Tracks use of sessions, ends them, and removes devices.

use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use super::transition::{Transition, TransitionResult};
use crate::context::Control;
use crate::effect::{AuditEvent, Effect, Notification};
use crate::event::Reply;
use crate::limits::FRESH;
use crate::limits::within;

impl Transition<'_> {
    /// Records the time of use and of the device's signature, every five minutes rather than at each request.
    pub(super) fn touch_session(
        &mut self,
        session: SessionId,
        signer: Option<DeviceId>,
    ) -> TransitionResult {
        let now = self.context.now;
        let session = self.session(session)?;
        let is_signed = signer == Some(session.device);
        if !is_signed && !session.takes_token_alone(now) {
            return Err(Refusal::NotLoggedIn);
        }
        if is_signed && !within(session.last_signed(), FRESH, now) {
            session.signed = Some(now);
        }
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
        signer: Option<DeviceId>,
        which: Option<SessionId>,
    ) -> TransitionResult {
        self.require_signature_or_factor(session, signer)?;
        if let Some(which) = which {
            self.session(which).map_err(|_| Refusal::NoPendingOperation)?;
        }
        let before = self.account.sessions.len();
        self.end_sessions_where(|id, _| which.map_or(id != session, |which| id == which));
        if self.account.sessions.len() < before {
            self.notify(&Notification::SessionsEnded);
        }
        self.effects.push(Effect::Audit(AuditEvent::SessionsEnded));
        Ok(Reply::Done)
    }

    /// A device that signs ends its own sessions; the owner is not told, as of logging out.
    pub(super) fn end_device_sessions(&mut self, device: DeviceId) -> Reply {
        let before = self.account.sessions.len();
        self.end_sessions_where(|_, on| on == device);
        if self.account.sessions.len() < before {
            self.effects.push(Effect::Audit(AuditEvent::SessionsEnded));
        }
        Reply::Done
    }

    pub(super) fn forget_device(
        &mut self,
        session: SessionId,
        signer: Option<DeviceId>,
        device: DeviceId,
    ) -> TransitionResult {
        self.require_signature_or_factor(session, signer)?;
        self.device(device).ok_or(Refusal::NoPendingOperation)?;
        self.remove_device(device);
        self.notify(&Notification::DeviceForgotten);
        self.effects.push(Effect::Audit(AuditEvent::DeviceForgotten));
        Ok(Reply::Done)
    }

    /// Removes every device but this one: after a reset or with another factor, the others may be the attacker's.
    pub(super) fn forget_other_devices(&mut self, kept: DeviceId) {
        if !self.is_on(Control::OthersForgotten) {
            return;
        }
        let devices: Vec<_> = self.account.devices.iter().map(|device| device.id).collect();
        for other in devices.into_iter().filter(|device| *device != kept) {
            self.remove_device(other);
        }
    }

    /// Removes the device with its sessions, its resets and its payment credential.
    pub(super) fn remove_device(&mut self, device: DeviceId) {
        self.end_sessions_where(|_, on| on == device);
        self.account.devices.retain(|other| other.id != device);
        self.end_resets(|reset| reset.device == device);
        if self.account.credential.take_if(|credential| credential.device == device).is_some() {
            self.account.last_payer = Some(device);
        }
        self.account.waiting.take_if(|waiting| waiting.credential.device == device);
    }

    fn end_sessions_where(&mut self, which: impl Fn(SessionId, DeviceId) -> bool) {
        for ended in self.account.sessions.extract_if(.., |s| which(s.id, s.device)) {
            self.effects.push(Effect::EndSession(ended.id));
        }
    }
}
