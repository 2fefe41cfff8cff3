//! How much may be spent, and how often a code may be wrong.

use tegata::UnixTime;
use tegata::code::AttemptLimits;

use super::currency::Currency;
use super::money::{DayOffset, Decimals};

/// What may be spent, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// The most that one payment may be.
    pub payment: u64,
    /// The most that the payments of a day may add up to.
    pub day: u64,
}

/// What holds for payments, from the settings.
#[derive(Clone, Debug)]
pub struct PaymentRules {
    /// The one currency that is taken.
    pub currency: Currency,
    /// How many of its digits are behind the point: for whoever shows an amount.
    pub decimals: Decimals,
    /// What may be spent with a device that has been known for some time.
    pub usual: Cap,
    /// What may be spent for 24 hours with a new device, and after a reset.
    pub low: Cap,
    /// When a day begins.
    pub day_offset: DayOffset,
    /// For how many days after the day of a payment its till may void it.
    pub void_days: u8,
    /// How often a code may fit nobody.
    pub attempts: AttemptLimits,
}

impl PaymentRules {
    /// Gives what holds for a payment that is made now.
    pub(crate) fn limits(&self, now: UnixTime) -> AuthoriseLimits {
        let Self { usual, low, attempts, day_offset, .. } = *self;
        AuthoriseLimits { usual, low, attempts, day: day_offset.day(now) }
    }

    /// Gives how old a payment may be that its till voids.
    pub(crate) fn void_age(&self) -> VoidAge {
        VoidAge { offset: self.day_offset, days: self.void_days }
    }
}

/// How old a payment may be that its till voids.
#[derive(Clone, Copy, Debug)]
pub struct VoidAge {
    offset: DayOffset,
    days: u8,
}

impl VoidAge {
    /// Says whether a payment that was made at this time is too old.
    pub(crate) fn excludes(self, made: UnixTime, now: UnixTime) -> bool {
        self.offset.is_older(made, self.days, now)
    }
}

/// What holds for one payment.
#[derive(Clone, Copy, Debug)]
pub struct AuthoriseLimits {
    /// What may be spent with a device that has been known for some time.
    pub usual: Cap,
    /// What may be spent with a new device, or after a reset.
    pub low: Cap,
    /// The number of the day that the payment counts against.
    pub day: u64,
    /// How often a code may fit nobody.
    pub attempts: AttemptLimits,
}
