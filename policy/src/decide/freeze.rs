//! Freezes accounts and lifts freezes, and reverts changes with the code of their notice and the second factor as it was
//! before them.

use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use super::transition::{Transition, TransitionResult};
use crate::context::Control;
use crate::effect::{AuditEvent, Effect, Notification};
use crate::event::Reply;
use crate::limits::{FACTOR_IN_REVERTS, FACTOR_KNOWN_DEVICE, RecentAttempts};
use crate::state::{Evidence, Freeze, RollbackSnapshot, Spending};
use crate::verification::{ExpectedEvidence, FactorKind, Purpose, VerifiedEvidence};

impl Transition<'_> {
    pub(super) fn freeze(
        &mut self,
        session: SessionId,
        signer: Option<DeviceId>,
    ) -> TransitionResult {
        self.require_signature_or_factor(session, signer)?;
        Ok(self.freeze_as_owner())
    }

    /// A device that the account knows freezes it by its signature alone: that only restricts.
    pub(super) fn freeze_from_device(&mut self, device: DeviceId) -> TransitionResult {
        self.device(device).ok_or(Refusal::InvalidCredentials)?;
        Ok(self.freeze_as_owner())
    }

    pub(super) fn freeze_as_owner(&mut self) -> Reply {
        self.freeze_at_least(Freeze::Session);
        Reply::Done
    }

    /// Whoever has the second factor freezes from any device. Values of an unknown device were counted by address, before
    /// anyone knew whether there is an account; a recovery code cannot be guessed.
    pub(super) fn verify_freeze_factor(&mut self, device: DeviceId, factor: FactorKind) -> Reply {
        let now = self.context.now;
        let counts = factor == FactorKind::Recovery
            || self.device(device).is_none_or(|known| known.factor.take(FACTOR_KNOWN_DEVICE, now));
        let expected = self.expected_factor(factor, counts);
        self.request_verification(Purpose::FreezeFactor, expected, counts)
    }

    /// Freezes with a second factor, which is used up by it.
    pub(super) fn complete_freeze_factor(
        &mut self,
        verified: &VerifiedEvidence,
    ) -> TransitionResult {
        let evidence = self.account.evidence.clone();
        let Some(factor) = self.use_factor(&evidence, verified) else {
            self.effects.push(Effect::Audit(AuditEvent::FreezeFactorRefused));
            return Err(Refusal::InvalidCredentials);
        };
        let holds = factor == FactorKind::Recovery && self.is_on(Control::FreezeHolds);
        self.freeze_at_least(if holds { Freeze::RecoveryCode } else { Freeze::Session });
        Ok(Reply::Done)
    }

    pub(super) fn unfreeze(
        &mut self,
        session: SessionId,
        with_recovery_code: bool,
    ) -> TransitionResult {
        self.enrolled_session(session)?;
        self.require_fresh_factor(session)?;
        if self.account.frozen == Some(Freeze::Session) {
            return Ok(self.lift_freeze());
        }
        let codes = self.evidence_to_unfreeze()?.recovery;
        if !with_recovery_code {
            return Err(Refusal::RecoveryCodeRequired);
        }
        let expected = ExpectedEvidence::Recovery(codes);
        Ok(self.request_verification(Purpose::Unfreeze { session }, expected, true))
    }

    pub(super) fn complete_unfreeze(
        &mut self,
        session: SessionId,
        verified: &VerifiedEvidence,
    ) -> TransitionResult {
        self.enrolled_session(session)?;
        let evidence = self.evidence_to_unfreeze()?;
        self.use_factor(&evidence, verified).ok_or(Refusal::InvalidCredentials)?;
        Ok(self.lift_freeze())
    }

    /// The evidence that has the recovery codes with which the freeze is lifted: for that of a notice, those from before the
    /// changes, since whoever made the changes has the others.
    fn evidence_to_unfreeze(&self) -> Result<Evidence, Refusal> {
        let account = &self.account;
        match account.frozen {
            None | Some(Freeze::Session) => Err(Refusal::NoPendingOperation),
            Some(Freeze::RecoveryCode) => Ok(account.evidence.clone()),
            Some(Freeze::Notice) if self.is_on(Control::NoticeFreezeLifts) => {
                let snapshot = account.snapshot.as_ref().ok_or(Refusal::Frozen)?;
                Ok(snapshot.evidence.clone())
            }
            Some(Freeze::Notice | Freeze::Operator) => Err(Refusal::Frozen),
        }
    }

    fn lift_freeze(&mut self) -> Reply {
        self.account.frozen = None;
        self.notify(&Notification::Unfrozen);
        self.effects.push(Effect::Audit(AuditEvent::Unfrozen));
        Reply::Done
    }

    /// Freezes, unless a freeze that is as hard to lift is there.
    fn freeze_at_least(&mut self, by: Freeze) {
        if self.account.frozen >= Some(by) {
            return;
        }
        self.account.frozen = Some(by);
        // Whoever freezes stops a credential that waits as well.
        self.account.waiting = None;
        self.effects.push(Effect::CancelCardSetup);
        self.notify(&Notification::Frozen);
        self.effects.push(Effect::Audit(AuditEvent::Frozen));
    }

    /// Requests the comparison with the codes of notices. It is not counted: 80 bits cannot be guessed, and an attacker
    /// could use up a limit to keep the owner out.
    fn verify_notice(&self, purpose: Purpose) -> Reply {
        let codes: Vec<_> =
            self.account.snapshot.iter().flat_map(RollbackSnapshot::notices).collect();
        let counts = !codes.is_empty();
        self.request_verification(purpose, ExpectedEvidence::Notice(codes), counts)
    }

    pub(super) fn verify_freeze_notice(&self) -> Reply {
        self.verify_notice(Purpose::FreezeNotice)
    }

    /// The attempts at the second factor with this code, if it is the code of a notice whose change can still be reverted.
    fn notice_attempts(&mut self, verified: &VerifiedEvidence) -> Option<&mut RecentAttempts> {
        let snapshot = self.account.snapshot.as_ref()?;
        if verified.is_among(&snapshot.codes) {
            Some(&mut self.account.attempts.factor_in_reverts)
        } else {
            let elsewhere = verified.is_among(&snapshot.codes_elsewhere);
            elsewhere.then_some(&mut self.account.attempts.factor_in_reverts_elsewhere)
        }
    }

    pub(super) fn apply_freeze_notice(&mut self, verified: &VerifiedEvidence) -> TransitionResult {
        self.notice_attempts(verified).ok_or(Refusal::InvalidCredentials)?;
        // Once is enough: raising the epoch again and again would keep the owner from ever reverting the changes.
        let snapshot = self.account.snapshot.as_mut();
        let was_frozen = snapshot
            .is_some_and(|snapshot| std::mem::replace(&mut snapshot.frozen_by_notice, true));
        if was_frozen || self.account.frozen == Some(Freeze::Notice) {
            return Ok(Reply::Done);
        }
        self.freeze_at_least(Freeze::Notice);
        self.raise_epoch();
        Ok(Reply::Done)
    }

    pub(super) fn verify_revert_notice(&self, factor: FactorKind) -> Reply {
        self.verify_notice(Purpose::RevertNotice { factor })
    }

    pub(super) fn apply_revert_notice(
        &mut self,
        factor: FactorKind,
        verified: &VerifiedEvidence,
    ) -> Reply {
        let now = self.context.now;
        let is_recovery = factor == FactorKind::Recovery;
        let may_match = is_recovery || !self.is_factor_lost();
        // Counted only after the code matched: an attacker who cannot read the mail cannot use it up.
        let tries = self.notice_attempts(verified).filter(|_| may_match);
        let counts = tries.is_some_and(|used| is_recovery || used.take(FACTOR_IN_REVERTS, now));
        let old = self.account.snapshot.as_ref().map(|snapshot| &snapshot.evidence);
        let evidence = old.unwrap_or(&self.account.evidence);
        let expected = evidence.expected(factor, counts, self.context);
        self.request_verification(Purpose::RevertFactor, expected, counts)
    }

    /// Whether the factor from before the changes was replaced: whoever replaced it declared it lost, so its holder may be
    /// who the changes were made against. A recovery code from before reverts them then.
    fn is_factor_lost(&self) -> bool {
        let current = self.account.evidence.factor.secret;
        self.is_on(Control::LostStaysLost)
            && self.account.snapshot.as_ref().is_some_and(|s| s.evidence.factor.secret != current)
    }

    pub(super) fn revert_changes(&mut self, verified: &VerifiedEvidence) -> TransitionResult {
        let old = self
            .account
            .snapshot
            .as_ref()
            .map(|snapshot| snapshot.evidence.clone())
            .ok_or(Refusal::InvalidCredentials)?;
        // Checked again: the factor may have been replaced while its value was compared.
        if matches!(verified, VerifiedEvidence::TotpStep(..)) && self.is_factor_lost() {
            return Err(Refusal::InvalidCredentials);
        }
        self.use_factor(&old, verified).ok_or(Refusal::InvalidCredentials)?;
        self.notify(&Notification::ChangesReverted);
        let Some(snapshot) = self.account.snapshot.take() else {
            return Err(Refusal::InvalidCredentials);
        };
        let devices: Vec<_> = self.account.devices.iter().map(|device| device.id).collect();
        for new in devices.into_iter().filter(|device| !snapshot.devices.contains(device)) {
            self.remove_device(new);
        }
        self.restore_snapshot(snapshot);
        // Whoever made the changes knew the password, and may have requested the deletion.
        if let Some(password) = self.account.password.take() {
            self.delete_secret(password);
        }
        self.account.must_enrol = false;
        self.account.deletion = None;
        self.account.spending = Spending::Held;
        if self.account.frozen == Some(Freeze::Notice) {
            self.account.frozen = None;
        }
        self.raise_epoch();
        self.effects.push(Effect::Audit(AuditEvent::ChangesReverted));
        Ok(Reply::Done)
    }
}
