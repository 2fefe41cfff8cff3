//! Codes mailed for logging in, and wrong values of the second factor in a row.
//!
//! Strangers share a budget of an address, which anybody uses up. Whoever reads the owner's mail goes on with a code that
//! was mailed there, and is counted apart.

use tegata::protocol::{DeviceId, Refusal};

use super::transition::{Transition, TransitionResult};
use crate::effect::{AuditEvent, Effect, MailRecipient, Notification};
use crate::event::Reply;
use crate::ids::ResetId;
use crate::limits::{WRONG_FACTORS, WRONG_FACTORS_TOLD};
use crate::state::CodePurpose;
use crate::verification::{ExpectedEvidence, FactorKind, Purpose, VerifiedEvidence};

impl Transition<'_> {
    pub(super) fn request_log_in_code(&mut self, device: DeviceId, within_budget: bool) -> Reply {
        let to = MailRecipient::Stored(self.account.evidence.address);
        Reply::LogInCodeRequested(self.mail_code(CodePurpose::LogIn, device, to, within_budget))
    }

    pub(super) fn verify_log_in_code(&mut self, id: ResetId, device: DeviceId) -> Reply {
        let (expected, counts) = self.expected_code(CodePurpose::LogIn, id, device);
        self.request_verification(Purpose::LogInCode { code: id, device }, expected, counts)
    }

    /// The code stays for the other passwords that may be tried with it: each of them is counted as a comparison.
    pub(super) fn complete_log_in_code(
        &mut self,
        id: ResetId,
        device: DeviceId,
        verified: &VerifiedEvidence,
    ) -> TransitionResult {
        let code = self.awaited_code(CodePurpose::LogIn, id, device);
        let is_match = code.is_some_and(|code| verified.is_among(&[code]));
        if is_match {
            Ok(Reply::Done)
        } else {
            self.effects.push(Effect::Audit(AuditEvent::LogInCodeRefused));
            Err(Refusal::InvalidCredentials)
        }
    }

    /// The comparison for the owner's second factor; with nothing, if the result does not count or the factor is void.
    pub(super) fn expected_factor(&self, kind: FactorKind, counts: bool) -> ExpectedEvidence {
        let counts = counts && (kind == FactorKind::Recovery || !self.is_factor_void());
        self.account.evidence.expected(kind, counts, self.context)
    }

    /// Whether so many wrong values were sent in a row that the authenticator counts no longer.
    pub(super) fn is_factor_void(&self) -> bool {
        self.account.attempts.wrong_factors >= WRONG_FACTORS
    }

    /// Counts a wrong value of the authenticator, over all devices.
    pub(super) fn count_wrong_factor(&mut self, expected: &ExpectedEvidence) {
        let ExpectedEvidence::Totp(Some((secret, _))) = expected else { return };
        if *secret != self.account.evidence.factor.secret || self.is_factor_void() {
            return;
        }
        self.account.attempts.wrong_factors += 1;
        let wrong = self.account.attempts.wrong_factors;
        if wrong == WRONG_FACTORS_TOLD || wrong == WRONG_FACTORS {
            self.notify(&Notification::WrongFactors { left: WRONG_FACTORS - wrong });
        }
        if wrong == WRONG_FACTORS {
            self.effects.push(Effect::Audit(AuditEvent::FactorVoid));
        }
    }
}
