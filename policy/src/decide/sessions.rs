//! Sessions and devices: in use, ended, forgotten.

use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use super::super::event::{Answer, Deed, Effect};
use super::super::limits::FRESH;
use super::super::limits::within;
use super::Decided;
use super::turn::Turn;

impl Turn<'_> {
    /// Written down once in some minutes, not at each request.
    pub(super) fn seen(&mut self, session: SessionId) -> Decided {
        let now = self.world.now;
        let session = self.session(session)?;
        if !within(session.seen, FRESH, now) {
            session.seen = now;
        }
        Ok(Answer::Done)
    }

    pub(super) fn log_out(&mut self, session: SessionId) -> Decided {
        self.session(session)?;
        self.end_where(|id, _| id == session);
        self.effects.push(Effect::Deed(Deed::LoggedOut));
        Ok(Answer::Done)
    }

    pub(super) fn end_sessions(&mut self, session: SessionId, which: Option<SessionId>) -> Decided {
        self.session(session)?;
        if let Some(which) = which {
            self.session(which).map_err(|_| Refusal::NothingToDo)?;
        }
        self.end_where(|id, _| which.map_or(id != session, |which| id == which));
        self.effects.push(Effect::Deed(Deed::SessionsEnded));
        Ok(Answer::Done)
    }

    pub(super) fn forget_device(&mut self, session: SessionId, device: DeviceId) -> Decided {
        self.session(session)?;
        self.device(device).ok_or(Refusal::NothingToDo)?;
        self.drop_device(device);
        self.effects.push(Effect::Deed(Deed::DeviceForgotten));
        Ok(Answer::Done)
    }

    /// With its sessions, its resets and its payment credential.
    pub(super) fn drop_device(&mut self, device: DeviceId) {
        self.end_where(|_, on| on == device);
        self.live.devices.retain(|kept| kept.id != device);
        self.drop_resets(|reset| reset.device == device);
        self.live.credential = self.live.credential.filter(|c| c.device != device);
    }

    fn end_where(&mut self, which: impl Fn(SessionId, DeviceId) -> bool) {
        for ended in self.live.sessions.extract_if(.., |s| which(s.id, s.device)) {
            self.effects.push(Effect::SessionEnded(ended.id));
        }
    }
}
