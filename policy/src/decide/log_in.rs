//! Logs in with the password, and with the second factor on a device that the account does not know.

use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use super::TransitionResult;
use super::transition::Transition;
use crate::context::Control;
use crate::devices::{Device, Session};
use crate::effect::{AuditEvent, Effect, Notification};
use crate::event::Reply;
use crate::limits::{
    DEVICES, FACTOR_KNOWN_DEVICE, FACTOR_UNKNOWN_DEVICES, FACTOR_WITH_MAILED_CODE, LOG_IN_MAIL,
    LOGINS_KNOWN_DEVICE, LOW_CAPS, SESSIONS, later, within,
};
use crate::state::{CodePurpose, Spending};
use crate::verification::{
    ExpectedEvidence, FactorKind, Lane, LogInAttempt, Purpose, VerifiedEvidence,
};

impl Transition<'_> {
    pub(super) fn log_in(&mut self, log_in: LogInAttempt) -> Reply {
        let now = self.context.now;
        let known = self.device(log_in.device).map(|d| d.logins.take(LOGINS_KNOWN_DEVICE, now));
        // An unknown device was counted in its lane, by address, before anyone knew whether there is an account.
        let left = known.unwrap_or(true);
        let expected = ExpectedEvidence::Password(self.account.password.filter(|_| left));
        self.request_verification(Purpose::LogInPassword(log_in), expected, left)
    }

    pub(super) fn apply_password(
        &mut self,
        log_in: LogInAttempt,
        verified: &VerifiedEvidence,
    ) -> TransitionResult {
        let is_match = verified.is_among(self.account.password.as_slice());
        let Some(kind) = log_in.factor else {
            // Checked now: the owner may have removed the device while the password was compared.
            let now = self.context.now;
            let known = self.device(log_in.device).is_some_and(|device| device.is_known(now))
                || !self.is_on(Control::SecondFactor);
            let enough = is_match && known;
            return if enough {
                Ok(self.complete_log_in(log_in, None))
            } else {
                Err(self.refuse_log_in())
            };
        };
        // Requested even if the password was wrong, so that nobody learns that it was.
        let counts = is_match
            && (kind == FactorKind::Recovery
                || self.count_factor_attempt(log_in.device, log_in.lane).is_ok());
        let expected = self.expected_factor(kind, counts);
        Ok(self.request_verification(Purpose::LogInFactor(log_in), expected, counts))
    }

    fn count_factor_attempt(&mut self, device: DeviceId, lane: Lane) -> Result<(), Refusal> {
        let now = self.context.now;
        if let Some(device) = self.device(device) {
            let left = device.factor.take_or_wait(FACTOR_KNOWN_DEVICE, now);
            return left.map_err(|wait| Refusal::TooManyAttempts { wait });
        }
        let counted_apart = self.is_on(Control::LanesApart);
        let used = &mut self.account.attempts;
        let left = match lane {
            Lane::MailedCode if counted_apart => {
                used.factor_with_mailed_code.take_or_wait(FACTOR_WITH_MAILED_CODE, now)
            }
            Lane::Strangers | Lane::RecoveryCode | Lane::MailedCode => {
                used.factor.take_or_wait(FACTOR_UNKNOWN_DEVICES, now)
            }
        };
        left.map_err(|wait| Refusal::TooManyAttempts { wait })
    }

    pub(super) fn apply_log_in_factor(
        &mut self,
        log_in: LogInAttempt,
        verified: &VerifiedEvidence,
    ) -> TransitionResult {
        let evidence = self.account.evidence.clone();
        match self.use_factor(&evidence, verified) {
            Some(factor) => Ok(self.complete_log_in(log_in, Some(factor))),
            None => Err(self.refuse_log_in()),
        }
    }

    fn refuse_log_in(&mut self) -> Refusal {
        self.effects.push(Effect::Audit(AuditEvent::LoginRefused));
        Refusal::InvalidCredentials
    }

    fn complete_log_in(&mut self, log_in: LogInAttempt, factor: Option<FactorKind>) -> Reply {
        let now = self.context.now;
        let is_known = self.device(log_in.device).is_some();
        if is_known {
            self.mail_known_device(log_in.device);
            self.effects.push(Effect::Audit(AuditEvent::LoggedIn));
        } else {
            self.add_device(log_in.device, log_in.name);
        }
        if factor.is_some() {
            self.record_factor(log_in.device);
        }
        self.end_codes(CodePurpose::LogIn, log_in.device);
        let replaces_void_factor =
            self.is_factor_void() && is_known && log_in.lane == Lane::MailedCode;
        if factor == Some(FactorKind::Recovery) || replaces_void_factor {
            self.account.must_enrol = true;
            self.lower_caps();
        }
        // The mailed code stands in for the factor, as a recovery code does.
        let proved = factor.is_some() || replaces_void_factor;
        let session = self.create_session(log_in.device, proved.then_some(now));
        Reply::LoggedIn { session, must_enrol: self.account.must_enrol }
    }

    /// Mails the owner about a log-in on a known device, at most once a day for each.
    fn mail_known_device(&mut self, device: DeviceId) {
        let now = self.context.now;
        let Some(device) = self.device(device) else { return };
        if !device.mailed.is_some_and(|at| within(at, LOG_IN_MAIL, now)) {
            device.mailed = Some(now);
            self.notify(&Notification::KnownDevice);
        }
    }

    /// Records that a second factor was verified on a device, which keeps it known.
    fn record_factor(&mut self, device: DeviceId) {
        let now = self.context.now;
        if let Some(device) = self.device(device) {
            device.verified = Some(now);
        }
    }

    fn add_device(&mut self, id: DeviceId, name: String) {
        if self.account.devices.len() >= DEVICES {
            let oldest = self.account.devices.iter().map(|d| (self.last_use(d), d.id)).min();
            if let Some((_, oldest)) = oldest {
                self.remove_device(oldest);
                self.notify(&Notification::DeviceForgotten);
            }
        }
        self.account.devices.push(Device::new(id, name, self.context.now));
        self.lower_caps();
        self.notify(&Notification::NewDevice);
        self.effects.push(Effect::Audit(AuditEvent::LoggedInOnNewDevice));
    }

    fn last_use(&self, device: &Device) -> tegata::UnixTime {
        let sessions = self.account.sessions.iter().filter(|session| session.device == device.id);
        sessions.map(|session| session.seen).max().unwrap_or(device.since)
    }

    fn create_session(&mut self, device: DeviceId, factor: Option<tegata::UnixTime>) -> SessionId {
        if self.account.sessions.len() >= SESSIONS {
            let oldest = self.account.sessions.remove(0);
            self.effects.push(Effect::EndSession(oldest.id));
        }
        let id = SessionId(self.next_number());
        let now = self.context.now;
        let epoch = self.account.epoch;
        let generation = self.context.generation;
        self.account.sessions.push(Session {
            id,
            device,
            seen: now,
            since: now,
            factor,
            epoch,
            generation,
            signed: None,
            exported: false,
        });
        self.effects.push(Effect::CreateSession(id));
        id
    }

    /// Applies lower caps for a day.
    pub(super) fn lower_caps(&mut self) {
        if let Spending::Open { low_until } = &mut self.account.spending {
            *low_until = (*low_until).max(later(self.context.now, LOW_CAPS));
        }
    }

    pub(super) fn verify_factor(&mut self, session: SessionId) -> TransitionResult {
        let device = self.enrolled_session(session)?.device;
        self.count_factor_attempt(device, Lane::Strangers)?;
        let expected = self.expected_factor(FactorKind::Totp, true);
        Ok(self.request_verification(Purpose::VerifyFactor { session }, expected, true))
    }

    pub(super) fn complete_factor(
        &mut self,
        session: SessionId,
        verified: &VerifiedEvidence,
    ) -> TransitionResult {
        self.enrolled_session(session)?;
        let evidence = self.account.evidence.clone();
        self.use_factor(&evidence, verified).ok_or(Refusal::InvalidCredentials)?;
        let now = self.context.now;
        let session = self.session(session)?;
        session.factor = Some(now);
        let device = session.device;
        self.record_factor(device);
        self.effects.push(Effect::Audit(AuditEvent::FactorVerified));
        Ok(Reply::Done)
    }
}
