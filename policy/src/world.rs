//! What a decision is made in: the time, and what holds for all accounts.

use tegata::UnixTime;

use super::ids::Generation;

/// The time, and what holds for all accounts.
#[derive(Clone, Copy, Debug)]
pub struct World {
    /// Now.
    pub now: UnixTime,
    /// Sessions, resets and payment credentials of another generation do not count.
    pub generation: Generation,
    /// The values of steps up to this one are taken for used: after a restore, nobody knows which were.
    pub used_up_to: u64,
    /// What protects the account. There is one way to have it: all of it.
    pub controls: Controls,
}

/// What protects an account. Outside of the model all of it is on, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Controls(u16);

/// One of the things that protect an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Control {
    /// The code of a reset goes to the verified address only.
    VerifiedAddress = 1,
    /// A reset, a log-in on a new device and a payment credential ask for the second factor.
    SecondFactor = 1 << 1,
    /// The code of a reset has to be right.
    MailedCode = 1 << 2,
    /// A reset belongs to the device that asked for it.
    BoundToDevice = 1 << 3,
    /// A mailed code is compared five times at most.
    CountedTries = 1 << 4,
    /// A value of the second factor is taken once.
    FactorOnce = 1 << 5,
    /// A reset voids all sessions, resets and payment credentials.
    EpochRaised = 1 << 6,
    /// After a reset nothing is spent before a log-in and a new payment credential.
    SpendingHeld = 1 << 7,
    /// A payment credential and changes ask for a second factor proved within five minutes.
    FreshFactor = 1 << 8,
}

impl Controls {
    /// All of them.
    pub const ALL: Self = Self((1 << 9) - 1);

    /// Without one of them, to see what that opens.
    #[cfg(feature = "model")]
    #[must_use]
    pub const fn without(self, control: Control) -> Self {
        Self(self.0 & !(control as u16))
    }

    /// Whether it is on.
    #[must_use]
    pub const fn on(self, control: Control) -> bool {
        self.0 & control as u16 != 0
    }
}
