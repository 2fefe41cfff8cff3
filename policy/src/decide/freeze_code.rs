//! A code mailed for freezing: who has no device of the account at hand freezes it from any.

use tegata::protocol::{DeviceId, Refusal};

use super::transition::{Transition, TransitionResult};
use crate::effect::{AuditEvent, Effect, MailRecipient};
use crate::event::Reply;
use crate::ids::ResetId;
use crate::state::CodePurpose;
use crate::verification::{Purpose, VerifiedEvidence};

impl Transition<'_> {
    pub(super) fn request_freeze_code(&mut self, device: DeviceId, within_budget: bool) -> Reply {
        let to = MailRecipient::Stored(self.account.evidence.address);
        Reply::FreezeCodeRequested(self.mail_code(CodePurpose::Freeze, device, to, within_budget))
    }

    pub(super) fn verify_freeze_code(&mut self, id: ResetId, device: DeviceId) -> Reply {
        let (expected, counts) = self.expected_code(CodePurpose::Freeze, id, device);
        self.request_verification(Purpose::FreezeCode { code: id, device }, expected, counts)
    }

    /// Freezes the account as its owner, who lifts the freeze with a second factor. The code is used up.
    pub(super) fn complete_freeze_code(
        &mut self,
        id: ResetId,
        device: DeviceId,
        verified: &VerifiedEvidence,
    ) -> TransitionResult {
        let code = self.awaited_code(CodePurpose::Freeze, id, device);
        let is_match = code.is_some_and(|code| verified.is_among(&[code]));
        if !is_match {
            self.effects.push(Effect::Audit(AuditEvent::FreezeCodeRefused));
            return Err(Refusal::InvalidCredentials);
        }
        self.end_resets(|reset| reset.id == id);
        Ok(self.freeze_as_owner())
    }
}
