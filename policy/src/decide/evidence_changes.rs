//! Changes the evidence: second factor, recovery codes, address. Each change requires a recent log-in with the second
//! factor, and the old address is notified.

use tegata::protocol::Refusal;
use tegata::protocol::SessionId;

use super::transition::{Transition, TransitionResult};
use crate::effect::{AuditEvent, Change, Effect, MailRecipient, Notification, SecretKind};
use crate::event::Reply;
use crate::limits::{ADDRESS_CODES, CHANGES, REVERT_WINDOW, later};
use crate::state::{AddressChange, Evidence, Factor, FactorEnrolment, Freeze};
use crate::verification::{ExpectedEvidence, Purpose, VerifiedEvidence};

impl Transition<'_> {
    /// Requires a recent log-in with the second factor, and limits how often changes are made.
    fn require_change_allowed(&mut self, session: SessionId) -> Result<(), Refusal> {
        self.require_unfrozen_log_in(session)?;
        self.require_changes_left()
    }

    /// Requires the same, except that an owner who froze the account and has to enrol a factor, as after losing a phone,
    /// may do so while it is frozen: unfreezing needs the factor, and a log-in with a recovery code requires no less.
    fn require_enrolment_allowed(&mut self, session: SessionId) -> Result<(), Refusal> {
        self.require_recent_log_in(session)?;
        match self.account.frozen {
            None => {}
            Some(Freeze::Session | Freeze::Notice | Freeze::RecoveryCode)
                if self.account.must_enrol => {}
            Some(_) => return Err(Refusal::Frozen),
        }
        self.require_changes_left()
    }

    fn require_changes_left(&self) -> Result<(), Refusal> {
        let Some(snapshot) = &self.account.snapshot else { return Ok(()) };
        if snapshot.codes.len() < CHANGES {
            return Ok(());
        }
        let next = later(snapshot.since, REVERT_WINDOW).seconds();
        Err(Refusal::TooManyAttempts {
            wait: next.saturating_sub(self.context.now.seconds()).max(1),
        })
    }

    pub(super) fn begin_enrolment(&mut self, session: SessionId) -> TransitionResult {
        self.require_enrolment_allowed(session)?;
        if let Some(old) = self.account.enrolment.take() {
            self.delete_secret(old.secret);
        }
        let secret = self.store_secret(SecretKind::Factor);
        self.account.enrolment = Some(FactorEnrolment { secret, session });
        Ok(Reply::FactorSecret(secret))
    }

    pub(super) fn verify_enrolment(&mut self, session: SessionId) -> TransitionResult {
        self.require_enrolment_allowed(session)?;
        let pending = self.account.enrolment.filter(|enrolment| enrolment.session == session);
        let enrolment = pending.ok_or(Refusal::NoPendingOperation)?;
        let expected = ExpectedEvidence::Totp(Some((enrolment.secret, self.context.used_up_to)));
        Ok(self.request_verification(Purpose::VerifyFactorEnrolment { session }, expected, true))
    }

    pub(super) fn complete_enrolment(
        &mut self,
        session: SessionId,
        verified: &VerifiedEvidence,
    ) -> TransitionResult {
        self.require_enrolment_allowed(session)?;
        let VerifiedEvidence::TotpStep(secret, step) = *verified else {
            return Err(Refusal::InvalidCredentials);
        };
        let this = FactorEnrolment { secret, session };
        self.account
            .enrolment
            .take_if(|enrolment| *enrolment == this)
            .ok_or(Refusal::InvalidCredentials)?;
        let factor = Factor::new(secret, step);
        self.replace_evidence(Change::Factor, Evidence { factor, ..self.account.evidence.clone() });
        self.account.must_enrol = false;
        let device = self.session(session)?.device;
        self.forget_other_devices(device);
        self.effects.push(Effect::Audit(AuditEvent::FactorEnrolled));
        Ok(Reply::Done)
    }

    pub(super) fn renew_recovery_codes(&mut self, session: SessionId) -> TransitionResult {
        self.enrolled_session(session)?;
        self.require_change_allowed(session)?;
        let recovery = self.create_recovery_codes();
        let new = Evidence { recovery: recovery.clone(), ..self.account.evidence.clone() };
        self.replace_evidence(Change::Recovery, new);
        self.effects.push(Effect::Audit(AuditEvent::RecoveryCodesRenewed));
        Ok(Reply::RecoveryCodes(recovery))
    }

    pub(super) fn change_address(&mut self, session: SessionId) -> TransitionResult {
        self.enrolled_session(session)?;
        self.require_change_allowed(session)?;
        let allowed = self.account.attempts.address.take_or_wait(ADDRESS_CODES, self.context.now);
        allowed.map_err(|wait| Refusal::TooManyAttempts { wait })?;
        if let Some(old) = self.account.address_change.take() {
            self.delete_secret(old.address);
            self.delete_secret(old.code.secret);
        }
        let address = self.store_secret(SecretKind::Address);
        let code = self.create_mailed_code();
        let notification = Notification::AddressCode { code: code.secret };
        self.effects.push(Effect::SendMail { to: MailRecipient::Stored(address), notification });
        self.account.address_change = Some(AddressChange { address, code, session });
        Ok(Reply::Done)
    }

    pub(super) fn verify_new_address(&mut self, session: SessionId) -> TransitionResult {
        self.enrolled_session(session)?;
        self.require_change_allowed(session)?;
        let pending =
            self.account.address_change.as_mut().filter(|change| change.session == session);
        let change = pending.ok_or(Refusal::NoPendingOperation)?;
        // Waiting does not make a code usable again that was tried too often: another one has to be requested.
        let code = change.code.count_attempt(self.context).ok_or(Refusal::InvalidCredentials)?;
        let expected = ExpectedEvidence::MailedCode(Some(code));
        Ok(self.request_verification(Purpose::VerifyNewAddress { session }, expected, true))
    }

    pub(super) fn complete_address_change(
        &mut self,
        session: SessionId,
        verified: &VerifiedEvidence,
    ) -> TransitionResult {
        self.enrolled_session(session)?;
        self.require_change_allowed(session)?;
        let matches = |change: &mut AddressChange| {
            verified.is_among(std::slice::from_ref(&change.code.secret))
        };
        let change =
            self.account.address_change.take_if(matches).ok_or(Refusal::InvalidCredentials)?;
        self.delete_secret(change.code.secret);
        let address = change.address;
        self.effects.push(Effect::ClaimAddress(address));
        self.replace_evidence(
            Change::Address,
            Evidence { address, ..self.account.evidence.clone() },
        );
        self.effects.push(Effect::Audit(AuditEvent::AddressChanged));
        Ok(Reply::Done)
    }
}
