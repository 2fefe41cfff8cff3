//! Compares evidence, marks it as used, and snapshots what changes replace.

use tegata::protocol::DeviceId;

use super::transition::Transition;
use crate::context::{Control, PolicyContext};
use crate::effect::{AuditEvent, Change, Effect, MailRecipient, Notification, SecretKind};
use crate::ids::SecretId;
use crate::limits::{RECOVERY_CODES, REVERT_WINDOW, within};
use crate::state::{Evidence, Factor, RollbackSnapshot};
use crate::verification::{ExpectedEvidence, FactorKind, VerifiedEvidence};

impl Evidence {
    fn secrets(&self) -> impl Iterator<Item = SecretId> {
        [self.address, self.factor.secret].into_iter().chain(self.recovery.iter().copied())
    }

    /// The comparison for a second factor; with nothing, if the result does not count.
    pub(super) fn expected(
        &self,
        kind: FactorKind,
        counts: bool,
        context: &PolicyContext,
    ) -> ExpectedEvidence {
        let used = if context.controls.is_on(Control::FactorOnce) { self.factor.step } else { 0 };
        match kind {
            FactorKind::Totp => ExpectedEvidence::Totp(
                counts.then_some((self.factor.secret, used.max(context.used_up_to))),
            ),
            FactorKind::Recovery => {
                ExpectedEvidence::Recovery(if counts { self.recovery.clone() } else { Vec::new() })
            }
        }
    }

    fn use_step(&mut self, secret: SecretId, step: u64) {
        if self.factor.secret == secret {
            self.factor.step = self.factor.step.max(step);
        }
    }
}

impl Transition<'_> {
    /// Marks the verified second factor of `current` as used, also in the snapshot; `None` if it is not one. Checked
    /// again, since another request may have used it between the comparison and now.
    pub(super) fn use_factor(
        &mut self,
        current: &Evidence,
        verified: &VerifiedEvidence,
    ) -> Option<FactorKind> {
        match *verified {
            VerifiedEvidence::TotpStep(secret, step)
                if secret == current.factor.secret
                    && (step > current.factor.step || !self.is_on(Control::FactorOnce)) =>
            {
                self.update_evidence(|evidence| evidence.use_step(secret, step));
                self.account.attempts.wrong_factors = 0;
                Some(FactorKind::Totp)
            }
            VerifiedEvidence::Secrets(ref codes) if verified.is_among(&current.recovery) => {
                let code = *codes.first()?;
                self.update_evidence(|evidence| evidence.recovery.retain(|other| *other != code));
                self.delete_secret(code);
                let left = self.account.evidence.recovery.len();
                self.notify(&Notification::RecoveryCodeUsed { left });
                self.effects.push(Effect::Audit(AuditEvent::RecoveryCodeUsed));
                Some(FactorKind::Recovery)
            }
            _ => None,
        }
    }

    fn update_evidence(&mut self, change: impl Fn(&mut Evidence)) {
        change(&mut self.account.evidence);
        if let Some(snapshot) = &mut self.account.snapshot {
            change(&mut snapshot.evidence);
        }
    }

    /// Stores ten new recovery codes.
    pub(super) fn create_recovery_codes(&mut self) -> Vec<SecretId> {
        (0..RECOVERY_CODES).map(|_| self.store_secret(SecretKind::Recovery)).collect()
    }

    /// Replaces the evidence, snapshots the old one and notifies the owner.
    pub(super) fn replace_evidence(&mut self, what: Change, new: Evidence) {
        let old = std::mem::replace(&mut self.account.evidence, new);
        if old.factor.secret != self.account.evidence.factor.secret {
            self.account.attempts.wrong_factors = 0;
        }
        let code = self.store_secret(SecretKind::Notice);
        let now = self.context.now;
        // An attacker logs in before changing anything, so a recent device may be theirs.
        let known = self.account.devices.iter().filter(|d| !within(d.since, REVERT_WINDOW, now));
        let devices: Vec<DeviceId> = known.map(|device| device.id).collect();
        let snapshot = self.account.snapshot.get_or_insert_with(|| RollbackSnapshot {
            evidence: old.clone(),
            since: now,
            codes: Vec::new(),
            codes_elsewhere: Vec::new(),
            devices,
            frozen_by_notice: false,
        });
        snapshot.since = now;
        snapshot.codes.push(code);
        let old_address = snapshot.evidence.address;
        let new_address = self.account.evidence.address;
        self.send_notice(old_address, what, code);
        // Another code, so that the reader of the new address cannot use up the attempts of the reader of the old one.
        if new_address != old_address {
            let code = self.store_secret(SecretKind::Notice);
            self.account
                .snapshot
                .iter_mut()
                .for_each(|snapshot| snapshot.codes_elsewhere.push(code));
            self.send_notice(new_address, what, code);
        }
        self.delete_unreferenced(&old);
        // The codes of resets went to the old address.
        self.end_resets(|_| true);
    }

    fn send_notice(&mut self, address: SecretId, what: Change, code: SecretId) {
        let notification = Notification::EvidenceChanged { what, code };
        self.effects.push(Effect::SendMail { to: MailRecipient::Stored(address), notification });
    }

    /// Deletes the snapshot: changes can no longer be reverted.
    pub(super) fn discard_snapshot(&mut self) {
        let Some(snapshot) = self.account.snapshot.take() else { return };
        snapshot.notices().for_each(|code| self.delete_secret(code));
        self.delete_unreferenced(&snapshot.evidence);
    }

    /// Restores the evidence of a snapshot.
    pub(super) fn restore_snapshot(&mut self, snapshot: RollbackSnapshot) {
        snapshot.notices().for_each(|code| self.delete_secret(code));
        let now = std::mem::replace(&mut self.account.evidence, snapshot.evidence);
        self.delete_unreferenced(&now);
    }

    /// Deletes those secrets of `old` that neither the evidence nor the snapshot refers to.
    fn delete_unreferenced(&mut self, old: &Evidence) {
        let snapshot = self.account.snapshot.as_ref().map(|snapshot| &snapshot.evidence);
        let current = || [Some(&self.account.evidence), snapshot].into_iter().flatten();
        let addresses: Vec<_> = current().map(|evidence| evidence.address).collect();
        let referenced: Vec<_> = current().flat_map(Evidence::secrets).collect();
        if !addresses.contains(&old.address) {
            self.effects.push(Effect::ReleaseAddress(old.address));
            // Another id may hold the same address.
            self.effects.extend(addresses.into_iter().map(Effect::ClaimAddress));
        }
        for secret in old.secrets().filter(|secret| !referenced.contains(secret)) {
            self.effects.push(Effect::DeleteSecret(secret));
        }
    }
}

impl Factor {
    /// A factor whose value at `step` was just accepted.
    pub(super) fn new(secret: SecretId, step: u64) -> Self {
        Self { secret, step }
    }
}
