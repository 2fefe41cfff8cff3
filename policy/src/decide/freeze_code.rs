//! A code mailed for freezing: who has no device of the account at hand freezes it from any.

use tegata::protocol::{DeviceId, Refusal};

use super::transition::{Transition, TransitionResult};
use crate::effect::{AuditEvent, Effect, MailRecipient, Notification};
use crate::event::Reply;
use crate::ids::ResetId;
use crate::state::{CodePurpose, ResetStage};
use crate::verification::{ExpectedEvidence, Purpose, VerifiedEvidence};

impl Transition<'_> {
    pub(super) fn request_freeze_code(&mut self, device: DeviceId, within_budget: bool) -> Reply {
        if !self.count_code(device, within_budget) {
            return Reply::FreezeCodeRequested(ResetId(u32::MAX));
        }
        self.end_codes(CodePurpose::Freeze, device);
        let code = self.create_code_of(device, CodePurpose::Freeze);
        let notification = Notification::FreezeCode { code: code.secret };
        let to = MailRecipient::Stored(self.account.evidence.address);
        self.effects.push(Effect::SendMail { to, notification });
        self.effects.push(Effect::Audit(AuditEvent::FreezeCodeRequested));
        Reply::FreezeCodeRequested(self.add_reset(device, ResetStage::FreezeCodeMailed(code)))
    }

    pub(super) fn verify_freeze_code(&mut self, id: ResetId, device: DeviceId) -> Reply {
        let context = self.context;
        let code = match self.find_reset(id, device).map(|reset| &mut reset.stage) {
            Some(ResetStage::FreezeCodeMailed(code)) => code.count_attempt(context),
            _ => None,
        };
        let counts = code.is_some();
        let expected = ExpectedEvidence::MailedCode(code);
        self.request_verification(Purpose::FreezeCode { code: id, device }, expected, counts)
    }

    /// Freezes the account as its owner, who lifts the freeze with a second factor. The code is used up.
    pub(super) fn complete_freeze_code(
        &mut self,
        id: ResetId,
        device: DeviceId,
        verified: &VerifiedEvidence,
    ) -> TransitionResult {
        let is_match = match self.find_reset(id, device).map(|reset| &reset.stage) {
            Some(ResetStage::FreezeCodeMailed(code)) => verified.is_among(&[code.secret]),
            _ => false,
        };
        if !is_match {
            self.effects.push(Effect::Audit(AuditEvent::FreezeCodeRefused));
            return Err(Refusal::InvalidCredentials);
        }
        self.end_resets(|reset| reset.id == id);
        Ok(self.freeze_as_owner())
    }
}
