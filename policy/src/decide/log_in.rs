//! Log-in: the password, and the second factor on a device that the account does not know.

use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use super::super::check::{Compare, LogIn, Purpose, Right};
use super::super::event::{Answer, Deed, Effect, FactorKind, Letter};
use super::super::limits::{
    DEVICES, FACTOR_KNOWN_DEVICE, FACTOR_UNKNOWN_DEVICES, LOGINS_KNOWN_DEVICE,
    LOGINS_UNKNOWN_DEVICES, LOW_CAPS, SESSIONS, later,
};
use super::super::state::{Device, Session, Spending};
use super::super::world::Control;
use super::Decided;
use super::evidence::Proof;
use super::turn::Turn;

impl Turn<'_> {
    pub(super) fn log_in(
        &mut self,
        device: DeviceId,
        name: String,
        factor: Option<FactorKind>,
    ) -> Answer {
        let now = self.world.now;
        let known = self.device(device).map(|d| d.logins.take(LOGINS_KNOWN_DEVICE, now));
        // A stranger's tries use up the strangers' budget, never the owner's.
        let left = known.unwrap_or_else(|| self.live.used.logins.take(LOGINS_UNKNOWN_DEVICES, now));
        let compare = Compare::Password(self.live.password.filter(|_| left));
        self.check(Purpose::Password(LogIn { device, name, factor }), compare, left)
    }

    pub(super) fn password_checked(&mut self, log_in: LogIn, right: &Right) -> Decided {
        let right = right.among(self.live.password.as_slice());
        let Some(kind) = log_in.factor else {
            // Known, and known still: its owner may have forgotten it while the password was compared.
            let known = self.device(log_in.device).is_some() || !self.on(Control::SecondFactor);
            let enough = right && known;
            return if enough { Ok(self.logged_in(log_in, None)) } else { Err(self.no_log_in()) };
        };
        // Asked for all the same if the password was wrong: nobody learns that it was.
        let counts =
            right && (kind == FactorKind::Recovery || self.try_factor(log_in.device).is_ok());
        let compare = self.live.evidence.compare(kind, counts, self.world);
        Ok(self.check(Purpose::Factor(log_in), compare, counts))
    }

    fn try_factor(&mut self, device: DeviceId) -> Result<(), Refusal> {
        let now = self.world.now;
        let left = match self.device(device) {
            Some(device) => device.factor.take_or_wait(FACTOR_KNOWN_DEVICE, now),
            None => self.live.used.factor.take_or_wait(FACTOR_UNKNOWN_DEVICES, now),
        };
        left.map_err(|wait| Refusal::TooOften { wait })
    }

    pub(super) fn factor_checked(&mut self, log_in: LogIn, right: &Right) -> Decided {
        let evidence = self.live.evidence.clone();
        match self.use_factor(&evidence, right) {
            Some(proof) => Ok(self.logged_in(log_in, Some(proof))),
            None => Err(self.no_log_in()),
        }
    }

    fn no_log_in(&mut self) -> Refusal {
        self.effects.push(Effect::Deed(Deed::LoginRefused));
        Refusal::Wrong
    }

    fn logged_in(&mut self, log_in: LogIn, proof: Option<Proof>) -> Answer {
        let now = self.world.now;
        if self.device(log_in.device).is_none() {
            self.know(log_in.device, log_in.name);
        } else {
            self.effects.push(Effect::Deed(Deed::LoggedIn));
        }
        if proof == Some(Proof::Recovery) {
            self.live.must_enrol = true;
            self.lower_caps();
        }
        let session = self.make_session(log_in.device, proof.map(|_| now));
        Answer::LoggedIn { session, must_enrol: self.live.must_enrol }
    }

    fn know(&mut self, id: DeviceId, name: String) {
        if self.live.devices.len() >= DEVICES {
            let oldest = self.live.devices.iter().map(|d| (self.last_use(d), d.id)).min();
            if let Some((_, oldest)) = oldest {
                self.drop_device(oldest);
            }
        }
        self.live.devices.push(Device::new(id, name.clone(), self.world.now));
        self.lower_caps();
        self.tell(&Letter::NewDevice { device: name });
        self.effects.push(Effect::Deed(Deed::LoggedInOnNewDevice));
    }

    fn last_use(&self, device: &Device) -> tegata::UnixTime {
        let sessions = self.live.sessions.iter().filter(|session| session.device == device.id);
        sessions.map(|session| session.seen).max().unwrap_or(device.since)
    }

    fn make_session(&mut self, device: DeviceId, factor: Option<tegata::UnixTime>) -> SessionId {
        if self.live.sessions.len() >= SESSIONS {
            let oldest = self.live.sessions.remove(0);
            self.effects.push(Effect::SessionEnded(oldest.id));
        }
        let (id, now) = (SessionId(self.number()), self.world.now);
        let (epoch, generation) = (self.live.epoch, self.world.generation);
        self.live.sessions.push(Session {
            id,
            device,
            seen: now,
            since: now,
            factor,
            epoch,
            generation,
            exported: false,
        });
        self.effects.push(Effect::SessionMade(id));
        id
    }

    /// For a day, less can be spent.
    pub(super) fn lower_caps(&mut self) {
        if let Spending::Open { low_until } = &mut self.live.spending {
            *low_until = (*low_until).max(later(self.world.now, LOW_CAPS));
        }
    }

    pub(super) fn prove(&mut self, session: SessionId) -> Decided {
        let device = self.settled(session)?.device;
        self.try_factor(device)?;
        let compare = self.live.evidence.compare(FactorKind::Totp, true, self.world);
        Ok(self.check(Purpose::Prove { session }, compare, true))
    }

    pub(super) fn proved(&mut self, session: SessionId, right: &Right) -> Decided {
        self.settled(session)?;
        let evidence = self.live.evidence.clone();
        self.use_factor(&evidence, right).ok_or(Refusal::Wrong)?;
        let now = self.world.now;
        self.session(session)?.factor = Some(now);
        self.effects.push(Effect::Deed(Deed::FactorProved));
        Ok(Answer::Done)
    }
}
