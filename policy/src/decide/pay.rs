//! Who gets a payment credential, and whether one counts.

use tegata::UnixTime;
use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use super::super::event::{Answer, Deed, Effect};
use super::super::ids::{CredentialNumber, Generation};
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

/// Who pays with what, as far as the account alone says it: what of its state a till's payment depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payer {
    /// The one payment credential of the account's epoch. Every other is void for good.
    pub credential: CredentialNumber,
    /// It counts only while this is the issuer's.
    pub generation: Generation,
    /// When the usual caps apply; `None` while nothing is spent, because the account is frozen or held.
    pub low_until: Option<UnixTime>,
}

impl Live {
    /// Whether the answer to a request for a payment credential may be given once more, for the same request: it has
    /// to come from its device, and what it came to has to count. The second factor is not asked for again, since the
    /// answer can be opened by the device alone that asked.
    ///
    /// # Errors
    /// `NotLoggedIn`, `EnrolFirst`, `Wrong` for another device, `Frozen`, `NothingToDo` if the credential is void.
    pub fn provisioned_before(
        &self,
        session: SessionId,
        device: DeviceId,
        credential: CredentialNumber,
        world: &World,
    ) -> Result<(), Refusal> {
        let on = self.session(session, world).ok_or(Refusal::NotLoggedIn)?.device;
        if self.must_enrol() {
            return Err(Refusal::EnrolFirst);
        }
        if on != device {
            return Err(Refusal::Wrong);
        }
        if self.is_frozen() {
            return Err(Refusal::Frozen);
        }
        let counts = |kept: &&Credential| (kept.number, kept.device) == (credential, device);
        self.credential(world).filter(counts).map(drop).ok_or(Refusal::NothingToDo)
    }

    /// Who pays with what; `None` without a credential.
    #[must_use]
    pub fn payer(&self) -> Option<Payer> {
        let kept = self.credential.filter(|credential| credential.epoch == self.epoch)?;
        let low_until = match self.spending {
            Spending::Open { low_until } if !self.is_frozen() => Some(low_until),
            _ => None,
        };
        Some(Payer { credential: kept.number, generation: kept.generation, low_until })
    }

    /// Whether a payment with this credential may be made now, and with which caps.
    #[must_use]
    pub fn caps(&self, credential: CredentialNumber, world: &World) -> Option<Caps> {
        let counts =
            |payer: &Payer| (payer.credential, payer.generation) == (credential, world.generation);
        let low_until = self.payer().filter(counts)?.low_until?;
        Some(if world.now < low_until { Caps::Low } else { Caps::Usual })
    }
}
