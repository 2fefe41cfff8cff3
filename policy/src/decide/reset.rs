//! Resets the password with the code mailed to the verified address and the second factor, on the requesting device.
//! In 2019 a birth date, a telephone number and a mail to any address sufficed.

use tegata::protocol::DeviceId;
use tegata::protocol::Refusal;

use super::transition::{Transition, TransitionResult};
use crate::context::Control;
use crate::effect::{AuditEvent, Effect, MailRecipient, Notification, SecretKind};
use crate::event::{Reply, ResetDestination};
use crate::ids::ResetId;
use crate::limits::FACTOR_IN_RESETS;
use crate::state::{CodePurpose, Reset, ResetStage, Spending};
use crate::verification::{FactorKind, Purpose, VerifiedEvidence};

impl Transition<'_> {
    pub(super) fn request_reset(
        &mut self,
        device: DeviceId,
        to: ResetDestination,
        within_budget: bool,
    ) -> Reply {
        let to = self.reset_address(to);
        Reply::ResetStarted(self.mail_code(CodePurpose::Reset, device, to, within_budget))
    }

    pub(super) fn add_reset(&mut self, device: DeviceId, stage: ResetStage) -> ResetId {
        let id = ResetId(self.next_number());
        let epoch = self.account.epoch;
        let generation = self.context.generation;
        self.account.resets.push(Reset { id, device, epoch, generation, stage });
        id
    }

    fn reset_address(&self, to: ResetDestination) -> MailRecipient {
        match to {
            ResetDestination::Verified => MailRecipient::Stored(self.account.evidence.address),
            #[cfg(feature = "model")]
            ResetDestination::Unverified if self.is_on(Control::VerifiedAddress) => {
                MailRecipient::Stored(self.account.evidence.address)
            }
            #[cfg(feature = "model")]
            ResetDestination::Unverified => MailRecipient::Unverified,
        }
    }

    /// The reset, if this device may continue it.
    pub(super) fn find_reset(&mut self, id: ResetId, device: DeviceId) -> Option<&mut Reset> {
        let bound = self.is_on(Control::BoundToDevice);
        let same = move |reset: &&mut Reset| reset.device == device || !bound;
        self.account.resets.iter_mut().find(|reset| reset.id == id).filter(same)
    }

    /// Ends the pending resets that match.
    pub(super) fn end_resets(&mut self, which: impl Fn(&Reset) -> bool) {
        for reset in self.account.resets.extract_if(.., |reset| which(reset)) {
            if let Some(code) = reset.code() {
                self.effects.push(Effect::DeleteSecret(code.secret));
            }
        }
    }

    pub(super) fn verify_reset_code(
        &mut self,
        reset: ResetId,
        device: DeviceId,
        factor: FactorKind,
    ) -> Reply {
        let (expected, counts) = self.expected_code(CodePurpose::Reset, reset, device);
        self.request_verification(Purpose::ResetCode { reset, device, factor }, expected, counts)
    }

    pub(super) fn apply_reset_code(
        &mut self,
        reset: ResetId,
        device: DeviceId,
        factor: FactorKind,
        verified: &VerifiedEvidence,
    ) -> Reply {
        let code = self.awaited_code(CodePurpose::Reset, reset, device);
        let is_match = code.is_some()
            && (verified.is_among(code.as_slice()) || !self.is_on(Control::MailedCode));
        // Counted only after the code matched: an attacker without the mailbox cannot use it up.
        let counts = is_match
            && (factor == FactorKind::Recovery
                || self.account.attempts.factor_in_resets.take(FACTOR_IN_RESETS, self.context.now));
        let expected = self.expected_factor(factor, counts);
        self.request_verification(Purpose::ResetFactor { reset, device }, expected, counts)
    }

    pub(super) fn apply_reset_factor(
        &mut self,
        reset: ResetId,
        device: DeviceId,
        verified: &VerifiedEvidence,
        code_matched: bool,
    ) -> TransitionResult {
        let code = self.awaited_code(CodePurpose::Reset, reset, device);
        let evidence = self.account.evidence.clone();
        let matches = |transition: &mut Self| {
            transition.use_factor(&evidence, verified).is_some()
                || !transition.is_on(Control::SecondFactor)
        };
        let Some(code) = code.filter(|_| code_matched && matches(self)) else {
            self.effects.push(Effect::Audit(AuditEvent::ResetRefused));
            return Err(Refusal::InvalidCredentials);
        };
        self.delete_secret(code);
        let now = self.context.now;
        if let Some(reset) = self.find_reset(reset, device) {
            reset.stage = ResetStage::Verified(now);
        }
        self.effects.push(Effect::Audit(AuditEvent::ResetVerified));
        Ok(Reply::ResetVerified)
    }

    pub(super) fn finish_reset(&mut self, reset: ResetId, device: DeviceId) -> TransitionResult {
        let verified = self
            .find_reset(reset, device)
            .is_some_and(|r| matches!(r.stage, ResetStage::Verified(_)));
        if !verified {
            return Err(Refusal::InvalidCredentials);
        }
        self.account.resets.retain(|other| other.id != reset);
        let new = self.store_secret(SecretKind::Password);
        if let Some(old) = self.account.password.replace(new) {
            self.delete_secret(old);
        }
        if self.is_on(Control::EpochRaised) {
            self.raise_epoch();
        }
        if self.is_on(Control::SpendingHeld) {
            self.account.spending = Spending::Held;
        }
        self.forget_other_devices(device);
        self.notify(&Notification::PasswordReset);
        self.effects.push(Effect::Audit(AuditEvent::PasswordReset));
        Ok(Reply::Done)
    }
}
