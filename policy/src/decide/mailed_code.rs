//! Codes that are mailed for one purpose and to one device: mailed within a budget, compared a few times.

use tegata::protocol::DeviceId;

use super::transition::Transition;
use crate::effect::{AuditEvent, Effect, MailRecipient, Notification, SecretKind};
use crate::ids::{ResetId, SecretId};
use crate::limits::{CODES_KNOWN_DEVICE, CODES_PENDING};
use crate::state::{CodePurpose, MailedCode, Reset, ResetStage};
use crate::verification::ExpectedEvidence;

impl Transition<'_> {
    /// Mails a code in the place of those that this device requested for the same purpose, and gives its number. Past the
    /// budget no mail is sent, and the number is one that no code has.
    pub(super) fn mail_code(
        &mut self,
        purpose: CodePurpose,
        device: DeviceId,
        to: MailRecipient,
        within_budget: bool,
    ) -> ResetId {
        if !self.count_code(device, within_budget) {
            return ResetId(u32::MAX);
        }
        self.end_codes(purpose, device);
        let code = self.create_code_of(device, purpose);
        let secret = code.secret;
        let (notification, event, stage) = match purpose {
            CodePurpose::Reset => {
                let device = self.device(device).map(|device| device.name.clone());
                let notification = Notification::ResetCode { code: secret, device };
                (notification, AuditEvent::ResetRequested, ResetStage::CodeMailed(code))
            }
            CodePurpose::LogIn => (
                Notification::LogInCode { code: secret },
                AuditEvent::LogInCodeRequested,
                ResetStage::LogInCodeMailed(code),
            ),
            CodePurpose::Freeze => (
                Notification::FreezeCode { code: secret },
                AuditEvent::FreezeCodeRequested,
                ResetStage::FreezeCodeMailed(code),
            ),
        };
        self.effects.push(Effect::SendMail { to, notification });
        self.effects.push(Effect::Audit(event));
        self.add_reset(device, stage)
    }

    /// What a value sent for this code is compared with, and whether the result counts. The comparison is counted.
    pub(super) fn expected_code(
        &mut self,
        purpose: CodePurpose,
        id: ResetId,
        device: DeviceId,
    ) -> (ExpectedEvidence, bool) {
        let context = self.context;
        let reset = self.find_reset(id, device).filter(|reset| reset.purpose() == purpose);
        let code = reset.and_then(Reset::code_mut).and_then(|code| code.count_attempt(context));
        let counts = code.is_some();
        (ExpectedEvidence::MailedCode(code), counts)
    }

    /// The code that is still waited for.
    pub(super) fn awaited_code(
        &mut self,
        purpose: CodePurpose,
        id: ResetId,
        device: DeviceId,
    ) -> Option<SecretId> {
        let reset = self.find_reset(id, device).filter(|reset| reset.purpose() == purpose);
        reset.and_then(|reset| reset.code()).map(|code| code.secret)
    }

    /// Counts a code to be mailed at this device's request. Those of unknown devices were counted by address, before
    /// anyone knew whether there is an account.
    fn count_code(&mut self, device: DeviceId, within_budget: bool) -> bool {
        let now = self.context.now;
        let known = self.device(device).map(|device| device.codes.take(CODES_KNOWN_DEVICE, now));
        let left = known.unwrap_or(within_budget);
        if !left {
            self.effects.push(Effect::Audit(AuditEvent::ResetCodeLimitReached));
        }
        left
    }

    /// Ends what this device requested for a purpose.
    pub(super) fn end_codes(&mut self, purpose: CodePurpose, device: DeviceId) {
        self.end_resets(|reset| reset.purpose() == purpose && reset.device == device);
    }

    /// Stores a new code to mail. Past [`CODES_PENDING`] of unknown devices for one purpose it takes the place of the oldest,
    /// under that one's number: as many rows are written as before.
    fn create_code_of(&mut self, device: DeviceId, purpose: CodePurpose) -> MailedCode {
        let known: Vec<DeviceId> = self.account.devices.iter().map(|device| device.id).collect();
        let is_unknown = |reset: &Reset| {
            reset.purpose() == purpose && !known.contains(&reset.device) && reset.code().is_some()
        };
        let resets = &mut self.account.resets;
        let pending = resets.iter().filter(|reset| is_unknown(reset)).count();
        if known.contains(&device) || pending < CODES_PENDING {
            return self.create_mailed_code();
        }
        let oldest = resets.iter().position(is_unknown).map(|oldest| resets.remove(oldest));
        match oldest.as_ref().and_then(Reset::code).map(|code| code.secret) {
            Some(secret) => {
                self.effects.push(Effect::StoreSecret(secret, SecretKind::MailedCode));
                MailedCode { secret, since: self.context.now, tries: 0 }
            }
            None => self.create_mailed_code(),
        }
    }
}
