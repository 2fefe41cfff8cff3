//! Provisions payment credentials and says whether one is valid.

use tegata::UnixTime;
use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use super::transition::{Transition, TransitionResult};
use crate::context::{Control, PolicyContext};
use crate::effect::{AuditEvent, Effect, Notification};
use crate::event::Reply;
use crate::ids::{CredentialNumber, Generation};
use crate::limits::{LOW_CAPS, later};
use crate::state::{ActiveAccount, Credential, Spending};

impl Transition<'_> {
    pub(super) fn provision(&mut self, session: SessionId, device: DeviceId) -> TransitionResult {
        let session_device = self.enrolled_session(session)?.device;
        self.require_fresh_factor(session)?;
        if session_device != device && self.is_on(Control::BoundToDevice) {
            return Err(Refusal::InvalidCredentials);
        }
        if self.account.is_frozen() {
            return Err(Refusal::Frozen);
        }
        if self.account.spending == Spending::Held {
            self.account.spending = Spending::Open { low_until: later(self.context.now, LOW_CAPS) };
        }
        self.lower_caps();
        let number = CredentialNumber(self.next_number());
        let epoch = self.account.epoch;
        let generation = self.context.generation;
        self.account.credential = Some(Credential { number, device, epoch, generation });
        self.notify(&Notification::CredentialCreated);
        self.effects.push(Effect::Audit(AuditEvent::Provisioned));
        Ok(Reply::Provisioned(number))
    }
}

/// The spending caps that apply to a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caps {
    /// Lower caps: the device is new, or the password was just reset.
    Low,
    /// The caps of an established device.
    Usual,
}

/// The part of an account's state that a payment at a till depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendingCredential {
    /// The one payment credential of the account's epoch. Every other one is void for good.
    pub credential: CredentialNumber,
    /// The credential's generation: it is valid only while this is the issuer's.
    pub generation: Generation,
    /// When the usual caps apply; `None` while nothing can be spent because the account is frozen or held.
    pub low_until: Option<UnixTime>,
}

impl ActiveAccount {
    /// Checks that the response to a provisioning request may be repeated for the same request: it has to come from the
    /// same device, and the credential has to be valid still. The second factor is not required again, since only the
    /// requesting device can open the response.
    ///
    /// # Errors
    /// `NotLoggedIn`, `EnrolFirst`, `Wrong` for another device, `Frozen`, `NothingToDo` if the credential is void.
    pub fn check_repeated_provisioning(
        &self,
        session: SessionId,
        device: DeviceId,
        credential: CredentialNumber,
        context: &PolicyContext,
    ) -> Result<(), Refusal> {
        let session_device = self.session(session, context).ok_or(Refusal::NotLoggedIn)?.device;
        if self.must_enrol() {
            return Err(Refusal::EnrolmentRequired);
        }
        if session_device != device {
            return Err(Refusal::InvalidCredentials);
        }
        if self.is_frozen() {
            return Err(Refusal::Frozen);
        }
        let counts = |c: &&Credential| (c.number, c.device) == (credential, device);
        self.credential(context).filter(counts).map(drop).ok_or(Refusal::NoPendingOperation)
    }

    /// The credential that payments are made with; `None` without one.
    #[must_use]
    pub fn spending_credential(&self) -> Option<SpendingCredential> {
        let valid = self.credential.filter(|credential| credential.epoch == self.epoch)?;
        let low_until = match self.spending {
            Spending::Open { low_until } if !self.is_frozen() => Some(low_until),
            _ => None,
        };
        Some(SpendingCredential {
            credential: valid.number,
            generation: valid.generation,
            low_until,
        })
    }

    /// The caps for a payment with this credential now; `None` if none may be made.
    #[must_use]
    pub fn caps(&self, credential: CredentialNumber, context: &PolicyContext) -> Option<Caps> {
        let counts = |payer: &SpendingCredential| {
            (payer.credential, payer.generation) == (credential, context.generation)
        };
        let low_until = self.spending_credential().filter(counts)?.low_until?;
        Some(if context.now < low_until { Caps::Low } else { Caps::Usual })
    }
}
