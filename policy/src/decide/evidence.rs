//! What an owner proves herself by: comparing it, using it up, and what changes replaced.

use tegata::protocol::DeviceId;

use super::super::check::{Compare, Right};
use super::super::event::{Change, Deed, Effect, FactorKind, Letter, MailTo, SecretKind};
use super::super::ids::SecretId;
use super::super::limits::{UNDO_WINDOW, within};
use super::super::state::{Before, Evidence, Factor};
use super::super::world::{Control, World};
use super::turn::Turn;

impl Evidence {
    fn secrets(&self) -> impl Iterator<Item = SecretId> {
        [self.address, self.factor.secret].into_iter().chain(self.recovery.iter().copied())
    }

    /// What a second factor is compared with; with nothing, if the outcome does not count.
    pub(super) fn compare(&self, kind: FactorKind, counts: bool, world: &World) -> Compare {
        let used = if world.controls.on(Control::FactorOnce) { self.factor.step } else { 0 };
        match kind {
            FactorKind::Totp => {
                Compare::Totp(counts.then_some((self.factor.secret, used.max(world.used_up_to))))
            }
            FactorKind::Recovery => {
                Compare::Recovery(if counts { self.recovery.clone() } else { Vec::new() })
            }
        }
    }

    fn use_step(&mut self, secret: SecretId, step: u64) {
        if self.factor.secret == secret {
            self.factor.step = self.factor.step.max(step);
        }
    }
}

/// What stood for the second factor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    Totp,
    Recovery,
}

impl Turn<'_> {
    /// Whether what was right proves the second factor that `of` names; uses it up, here and in what changes replaced.
    /// Looked at again, since another may have used it up between the comparison and this.
    pub(super) fn use_factor(&mut self, of: &Evidence, right: &Right) -> Option<Proof> {
        match *right {
            Right::Step(secret, step)
                if secret == of.factor.secret
                    && (step > of.factor.step || !self.on(Control::FactorOnce)) =>
            {
                self.each_evidence(|evidence| evidence.use_step(secret, step));
                Some(Proof::Totp)
            }
            Right::OneOf(ref codes) if right.among(&of.recovery) => {
                let code = *codes.first()?;
                self.each_evidence(|evidence| evidence.recovery.retain(|kept| *kept != code));
                self.forget(code);
                let left = self.live.evidence.recovery.len();
                self.tell(&Letter::RecoveryUsed { left });
                self.effects.push(Effect::Deed(Deed::RecoveryUsed));
                Some(Proof::Recovery)
            }
            _ => None,
        }
    }

    fn each_evidence(&mut self, change: impl Fn(&mut Evidence)) {
        change(&mut self.live.evidence);
        if let Some(before) = &mut self.live.before {
            change(&mut before.evidence);
        }
    }

    /// Ten new recovery codes.
    pub(super) fn make_recovery(&mut self) -> Vec<SecretId> {
        (0..super::super::limits::RECOVERY_CODES)
            .map(|_| self.keep_secret(SecretKind::Recovery))
            .collect()
    }

    /// Puts `new` in the place of what proves the owner, keeps what it replaces and tells of it.
    pub(super) fn replace(&mut self, what: Change, new: Evidence) {
        let old = std::mem::replace(&mut self.live.evidence, new);
        let code = self.keep_secret(SecretKind::Notice);
        let now = self.world.now;
        // A thief logs in before he changes anything: a device that is new by then may be his.
        let known = self.live.devices.iter().filter(|d| !within(d.since, UNDO_WINDOW, now));
        let devices: Vec<DeviceId> = known.map(|device| device.id).collect();
        let before = self.live.before.get_or_insert_with(|| Before {
            evidence: old.clone(),
            since: now,
            codes: Vec::new(),
            codes_elsewhere: Vec::new(),
            devices,
            froze: false,
        });
        before.since = now;
        before.codes.push(code);
        let (was, is) = (before.evidence.address, self.live.evidence.address);
        self.notify(was, what, code);
        // Another code, so that whoever reads the new address can use up nothing of who reads the old one.
        if is != was {
            let code = self.keep_secret(SecretKind::Notice);
            self.live.before.iter_mut().for_each(|before| before.codes_elsewhere.push(code));
            self.notify(is, what, code);
        }
        self.drop_unused(&old);
        // Their codes went to the address as it was.
        self.drop_resets(|_| true);
    }

    fn notify(&mut self, address: SecretId, what: Change, code: SecretId) {
        let letter = Letter::Changed { what, code };
        self.effects.push(Effect::Mail { to: MailTo::Kept(address), letter });
    }

    /// Ends the time in which changes can be taken back.
    pub(super) fn forget_before(&mut self) {
        let Some(before) = self.live.before.take() else { return };
        before.notices().for_each(|code| self.forget(code));
        self.drop_unused(&before.evidence);
    }

    /// Puts back what the changes replaced.
    pub(super) fn restore(&mut self, before: Before) {
        before.notices().for_each(|code| self.forget(code));
        let now = std::mem::replace(&mut self.live.evidence, before.evidence);
        self.drop_unused(&now);
    }

    /// Forgets what of `old` proves nothing any more and can no longer be put back.
    fn drop_unused(&mut self, old: &Evidence) {
        let kept = [Some(&self.live.evidence), self.live.before.as_ref().map(|b| &b.evidence)];
        let kept: Vec<_> = kept.into_iter().flatten().collect();
        let addresses: Vec<_> = kept.iter().map(|evidence| evidence.address).collect();
        let kept: Vec<_> = kept.into_iter().flat_map(Evidence::secrets).collect();
        if !addresses.contains(&old.address) {
            self.effects.push(Effect::Release(old.address));
            // Numbers tell nothing of what they stand for: it may be the very address that is kept under another one.
            self.effects.extend(addresses.into_iter().map(Effect::Claim));
        }
        for secret in old.secrets().filter(|secret| !kept.contains(secret)) {
            self.effects.push(Effect::Forget(secret));
        }
    }
}

impl Factor {
    /// One whose first value, of this step, was just taken.
    pub(super) fn new(secret: SecretId, step: u64) -> Self {
        Self { secret, step }
    }
}
