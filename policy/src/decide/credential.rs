//! Provisions payment credentials and says whether one is valid.

use tegata::UnixTime;
use tegata::protocol::Refusal;
use tegata::protocol::{DeviceId, SessionId};

use super::transition::{Transition, TransitionResult};
use crate::context::{Control, PolicyContext};
use crate::effect::{AuditEvent, Effect, Notification};
use crate::event::Reply;
use crate::ids::{CredentialNumber, Generation};
use crate::limits::{CREDENTIAL_IN_USE, CREDENTIAL_WAITS, LOW_CAPS, later, within};
use crate::state::{ActiveAccount, Credential, Spending, WaitingCredential};

impl Transition<'_> {
    pub(super) fn provision(
        &mut self,
        session: SessionId,
        device: DeviceId,
        last_used: Option<UnixTime>,
    ) -> TransitionResult {
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
        let credential = Credential { number, device, epoch, generation };
        if self.is_in_use_elsewhere(device, last_used) {
            let from = later(self.context.now, CREDENTIAL_WAITS);
            self.account.waiting = Some(WaitingCredential { credential, from });
            self.notify(&Notification::CredentialWaits);
            self.effects.push(Effect::Audit(AuditEvent::CredentialWaits));
        } else {
            self.set_credential(credential);
            self.notify(&Notification::CredentialCreated);
            self.effects.push(Effect::Audit(AuditEvent::Provisioned));
        }
        Ok(Reply::Provisioned(number))
    }

    /// Whether another device paid in the last days: whoever provisions here may not be its owner.
    fn is_in_use_elsewhere(&self, device: DeviceId, last_used: Option<UnixTime>) -> bool {
        let payer = self.account.credential.map(|it| it.device).or(self.account.last_payer);
        let now = self.context.now;
        self.is_on(Control::NewCredentialWaits)
            && payer.is_some_and(|payer| payer != device)
            && last_used.is_some_and(|at| within(at, CREDENTIAL_IN_USE, now))
    }

    fn set_credential(&mut self, credential: Credential) {
        self.account.credential = Some(credential);
        self.account.waiting = None;
        self.account.last_payer = None;
    }

    /// Has a credential count that has waited long enough.
    pub(super) fn promote_waiting_credential(&mut self) {
        let now = self.context.now;
        let epoch = self.account.epoch;
        let generation = self.context.generation;
        self.account.waiting.take_if(|waiting| {
            (waiting.credential.epoch, waiting.credential.generation) != (epoch, generation)
        });
        if let Some(waiting) = self.account.waiting.take_if(|waiting| now >= waiting.from) {
            let low_until = later(waiting.from, LOW_CAPS);
            if let Spending::Open { low_until: until } = &mut self.account.spending {
                *until = (*until).max(low_until);
            }
            self.set_credential(waiting.credential);
        }
    }

    /// The device that pays has another one pay: its lock was opened for this act, since the session is under it.
    pub(super) fn confirm_credential(
        &mut self,
        session: SessionId,
        signer: Option<DeviceId>,
    ) -> TransitionResult {
        let device = self.enrolled_session(session)?.device;
        if signer != Some(device) {
            return Err(Refusal::InvalidCredentials);
        }
        let pays = self.account.credential.is_some_and(|credential| credential.device == device);
        let waiting = self.account.waiting.take_if(|_| pays);
        let waiting = waiting.ok_or(Refusal::NoPendingOperation)?;
        self.set_credential(waiting.credential);
        self.notify(&Notification::CredentialCreated);
        self.effects.push(Effect::Audit(AuditEvent::CredentialConfirmed));
        Ok(Reply::Done)
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

/// A credential that counts later, as a payment at a till depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextCredential {
    /// The number of the credential.
    pub credential: CredentialNumber,
    /// The generation that the credential is of.
    pub generation: Generation,
    /// From when on it counts, and the one before no longer.
    pub from: UnixTime,
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
        let waiting = self.waiting.as_ref().map(|waiting| &waiting.credential);
        let waiting =
            waiting.filter(|c| (c.epoch, c.generation) == (self.epoch, context.generation));
        let mut credentials = self.credential(context).into_iter().chain(waiting);
        credentials.find(counts).map(drop).ok_or(Refusal::NoPendingOperation)
    }

    /// The credential that payments are made with later; `None` without one.
    #[must_use]
    pub fn next_credential(&self) -> Option<NextCredential> {
        let WaitingCredential { credential, from } = self.waiting?;
        let is_open = !self.is_frozen() && self.spending != Spending::Held;
        (is_open && credential.epoch == self.epoch).then_some(NextCredential {
            credential: credential.number,
            generation: credential.generation,
            from,
        })
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
