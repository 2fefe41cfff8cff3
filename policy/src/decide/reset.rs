//! The reset of a password: the code mailed to the verified address and the second factor, on the device that asked.
//! What 2019 had in its place: a birth date, a telephone number, and a mail to any address.

use tegata::protocol::DeviceId;
use tegata::protocol::Refusal;

use super::super::check::{Compare, Purpose, Right};
use super::super::event::{
    Answer, Deed, Destination, Effect, FactorKind, Letter, MailTo, SecretKind,
};
use super::super::ids::{ResetId, SecretId};
use super::super::limits::{CODES_KNOWN_DEVICE, CODES_UNKNOWN_DEVICES, FACTOR_IN_RESETS};
use super::super::state::{Reset, Spending, Stage};
use super::super::world::Control;
use super::Decided;
use super::turn::Turn;

impl Turn<'_> {
    pub(super) fn reset(&mut self, device: DeviceId, name: String, to: Destination) -> Answer {
        let now = self.world.now;
        let known = self.device(device).map(|device| device.codes.take(CODES_KNOWN_DEVICE, now));
        let left = known.unwrap_or_else(|| self.live.used.codes.take(CODES_UNKNOWN_DEVICES, now));
        if !left {
            // The same answer, and no mail: a number that no reset has.
            self.effects.push(Effect::Deed(Deed::ResetCodesUsedUp));
            return Answer::ResetBegun(ResetId(u32::MAX));
        }
        self.drop_resets(|reset| reset.device == device);
        let code = self.mailed_code();
        let letter = Letter::Reset { code: code.secret, device: name };
        self.effects.push(Effect::Mail { to: self.reset_address(to), letter });
        self.effects.push(Effect::Deed(Deed::ResetAsked));
        let id = ResetId(self.number());
        let (epoch, generation) = (self.live.epoch, self.world.generation);
        let stage = Stage::Asked(code);
        self.live.resets.push(Reset { id, device, epoch, generation, stage });
        Answer::ResetBegun(id)
    }

    fn reset_address(&self, to: Destination) -> MailTo {
        match to {
            Destination::Verified => MailTo::Kept(self.live.evidence.address),
            #[cfg(feature = "model")]
            Destination::Typed if self.on(Control::VerifiedAddress) => {
                MailTo::Kept(self.live.evidence.address)
            }
            #[cfg(feature = "model")]
            Destination::Typed => MailTo::Typed,
        }
    }

    /// The reset, if this device may go on with it.
    fn reset_of(&mut self, id: ResetId, device: DeviceId) -> Option<&mut Reset> {
        let bound = self.on(Control::BoundToDevice);
        let same = move |reset: &&mut Reset| reset.device == device || !bound;
        self.live.resets.iter_mut().find(|reset| reset.id == id).filter(same)
    }

    /// The code of a reset that waits for it.
    fn asked(&mut self, id: ResetId, device: DeviceId) -> Option<SecretId> {
        match self.reset_of(id, device).map(|reset| &reset.stage) {
            Some(Stage::Asked(code)) => Some(code.secret),
            _ => None,
        }
    }

    /// Ends resets that were under way.
    pub(super) fn drop_resets(&mut self, which: impl Fn(&Reset) -> bool) {
        for reset in self.live.resets.extract_if(.., |reset| which(reset)) {
            if let Stage::Asked(code) = reset.stage {
                self.effects.push(Effect::Forget(code.secret));
            }
        }
    }

    pub(super) fn reset_code(
        &mut self,
        reset: ResetId,
        device: DeviceId,
        factor: FactorKind,
    ) -> Answer {
        let world = self.world;
        let code = match self.reset_of(reset, device).map(|reset| &mut reset.stage) {
            Some(Stage::Asked(code)) => code.try_once(world),
            _ => None,
        };
        let counts = code.is_some();
        let compare = Compare::MailedCode(code);
        self.check(Purpose::ResetCode { reset, device, factor }, compare, counts)
    }

    pub(super) fn reset_code_checked(
        &mut self,
        reset: ResetId,
        device: DeviceId,
        factor: FactorKind,
        right: &Right,
    ) -> Answer {
        let code = self.asked(reset, device);
        let right =
            code.is_some() && (right.among(code.as_slice()) || !self.on(Control::MailedCode));
        // Charged only when the code was right: who has no mailbox cannot use it up.
        let counts = right
            && (factor == FactorKind::Recovery
                || self.live.used.factor_in_resets.take(FACTOR_IN_RESETS, self.world.now));
        let compare = self.live.evidence.compare(factor, counts, self.world);
        self.check(Purpose::ResetFactor { reset, device }, compare, counts)
    }

    pub(super) fn reset_factor_checked(
        &mut self,
        reset: ResetId,
        device: DeviceId,
        right: &Right,
        code_was_right: bool,
    ) -> Decided {
        let code = self.asked(reset, device);
        let evidence = self.live.evidence.clone();
        let proves = |turn: &mut Self| {
            turn.use_factor(&evidence, right).is_some() || !turn.on(Control::SecondFactor)
        };
        let Some(code) = code.filter(|_| code_was_right && proves(self)) else {
            self.effects.push(Effect::Deed(Deed::ResetRefused));
            return Err(Refusal::Wrong);
        };
        self.forget(code);
        let now = self.world.now;
        if let Some(reset) = self.reset_of(reset, device) {
            reset.stage = Stage::Proved(now);
        }
        self.effects.push(Effect::Deed(Deed::ResetProved));
        Ok(Answer::Proved)
    }

    pub(super) fn reset_finish(&mut self, reset: ResetId, device: DeviceId) -> Decided {
        let proved =
            self.reset_of(reset, device).is_some_and(|r| matches!(r.stage, Stage::Proved(_)));
        if !proved {
            return Err(Refusal::Wrong);
        }
        self.live.resets.retain(|kept| kept.id != reset);
        let new = self.keep_secret(SecretKind::Password);
        if let Some(old) = self.live.password.replace(new) {
            self.forget(old);
        }
        if self.on(Control::EpochRaised) {
            self.raise_epoch();
        }
        if self.on(Control::SpendingHeld) {
            self.live.spending = Spending::Held;
        }
        self.tell(&Letter::WasReset);
        self.effects.push(Effect::Deed(Deed::PasswordReset));
        Ok(Answer::Done)
    }
}
