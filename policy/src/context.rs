//! The input of a decision that is not the account's own: the time and the issuer's global state.

use tegata::UnixTime;

use super::ids::Generation;

/// The time, and what holds for all accounts of the issuer.
#[derive(Clone, Copy, Debug)]
pub struct PolicyContext {
    /// The current time of the issuer.
    pub now: UnixTime,
    /// The issuer's generation: sessions, resets and payment credentials of another one do not count.
    pub generation: Generation,
    /// The last time step whose values count as used: after a restore, nobody knows which were.
    pub used_up_to: u64,
    /// The controls that are on; always [`Controls::ALL`] outside the model.
    pub controls: Controls,
}

/// The set of controls that protect an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Controls(u16);

/// A rule that protects an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Control {
    /// A reset's code goes to the verified address only.
    VerifiedAddress = 1,
    /// A reset, a log-in on a new device and a payment credential require the second factor.
    SecondFactor = 1 << 1,
    /// A reset's code has to match.
    MailedCode = 1 << 2,
    /// A reset belongs to the device that requested it.
    BoundToDevice = 1 << 3,
    /// A mailed code is compared at most five times.
    CountedTries = 1 << 4,
    /// A value of the second factor is accepted once.
    FactorOnce = 1 << 5,
    /// A reset voids all sessions, resets and payment credentials.
    EpochRaised = 1 << 6,
    /// After a reset nothing can be spent before a log-in and a new payment credential.
    SpendingHeld = 1 << 7,
    /// A payment credential and changes require a second factor verified within five minutes.
    FreshFactor = 1 << 8,
    /// A second factor that was replaced reverts nothing.
    LostStaysLost = 1 << 9,
    /// A reset and a replaced second factor forget every other device.
    OthersForgotten = 1 << 10,
    /// A payment credential waits where another phone paid within seven days, until that phone confirms it.
    NewCredentialWaits = 1 << 11,
    /// A freeze made with a recovery code is lifted with another one, beside the second factor.
    FreezeHolds = 1 << 12,
    /// A freeze made with the code of a notice is lifted with a recovery code from before the changes, too.
    NoticeFreezeLifts = 1 << 13,
    /// Values of the second factor that come with a mailed code are counted apart from those of strangers.
    LanesApart = 1 << 14,
}

impl Controls {
    /// Every control is on.
    pub const ALL: Self = Self((1 << 15) - 1);

    /// Returns the set without `control`, to see what its absence permits.
    #[cfg(feature = "model")]
    #[must_use]
    pub const fn without(self, control: Control) -> Self {
        Self(self.0 & !(control as u16))
    }

    /// Whether `control` is on.
    #[must_use]
    pub const fn is_on(self, control: Control) -> bool {
        self.0 & control as u16 != 0
    }
}
