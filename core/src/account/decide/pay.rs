//! Who gets a payment credential, and whether one counts.

use super::super::event::{Answer, Deed, Effect, Refusal};
use super::super::ids::{CredentialNumber, DeviceId, SessionId};
use super::super::limits::{LOW_CAPS, later};
use super::super::state::{Credential, Live, Spending};
use super::super::world::{Control, World};
use super::Decided;
use super::turn::Turn;

impl Turn<'_> {
    pub(super) fn provision(&mut self, session: SessionId, device: DeviceId) -> Decided {
        let on = self.settled(session)?.device;
        self.factor_is_fresh(session)?;
        if on != device && self.on(Control::BoundToDevice) {
            return Err(Refusal::Wrong);
        }
        if self.live.is_frozen() {
            return Err(Refusal::Frozen);
        }
        if self.live.spending == Spending::Held {
            self.live.spending = Spending::Open { low_until: later(self.world.now, LOW_CAPS) };
        }
        let number = CredentialNumber(self.number());
        let (epoch, generation) = (self.live.epoch, self.world.generation);
        self.live.credential = Some(Credential { number, device, epoch, generation });
        self.effects.push(Effect::Deed(Deed::Provisioned));
        Ok(Answer::Provisioned(number))
    }
}

/// With which caps a payment may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caps {
    /// Lower: the device is new, or the password was reset just now.
    Low,
    /// The usual.
    Usual,
}

impl Live {
    /// Whether a payment with this credential may be made now, and with which caps.
    #[must_use]
    pub fn caps(&self, credential: CredentialNumber, world: &World) -> Option<Caps> {
        let counts = self.credential(world).is_some_and(|kept| kept.number == credential);
        let Spending::Open { low_until } = self.spending else { return None };
        if !counts || self.is_frozen() {
            return None;
        }
        Some(if world.now < low_until { Caps::Low } else { Caps::Usual })
    }
}
