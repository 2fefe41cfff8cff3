//! The alias: a number that names the payer and changes each alias period.

use std::fmt;
use std::num::NonZeroU32;

use super::counter::{STEP_SECONDS, Step};
use super::decimal::Decimal;

/// The number that names the payer, another one each alias period: 7 to 11 decimal digits, leading zeros kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alias(pub(super) Decimal<11>);

impl Alias {
    /// The digits as a number, as an index keeps them. The width comes from the prefix.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.value()
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Alias({self})")
    }
}

/// How long an alias stays: seconds, a multiple of 30, at least 30.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AliasPeriod(NonZeroU32);

/// The number of seconds is not an alias period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an alias period is a multiple of 30 seconds, from 30 to 4294967280, not {0}")]
pub struct InvalidAliasPeriod(pub i64);

impl AliasPeriod {
    /// One day, the default.
    pub const DAY: Self = Self(NonZeroU32::MIN.saturating_add(86_399));

    /// Takes a period in seconds.
    ///
    /// # Errors
    /// [`InvalidAliasPeriod`] for zero and for anything that is not a multiple of 30.
    pub fn new(seconds: u32) -> Result<Self, InvalidAliasPeriod> {
        match NonZeroU32::new(seconds) {
            Some(period) if u64::from(seconds) % STEP_SECONDS == 0 => Ok(Self(period)),
            _ => Err(InvalidAliasPeriod(seconds.into())),
        }
    }

    /// The period in seconds.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.0.get()
    }

    /// The number of the period that a step lies in.
    #[must_use]
    pub fn index(self, step: Step) -> u64 {
        step.starts_at() / u64::from(self.seconds())
    }
}

impl Default for AliasPeriod {
    fn default() -> Self {
        Self::DAY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_multiple_of_a_step() {
        for good in [30, 90, 3600, 86_400, 604_800, u32::MAX - 15] {
            assert_eq!(AliasPeriod::new(good).unwrap().seconds(), good);
        }
        for bad in [0, 1, 29, 31, 86_399, u32::MAX] {
            assert_eq!(AliasPeriod::new(bad), Err(InvalidAliasPeriod(bad.into())));
        }
        assert_eq!(AliasPeriod::DAY.seconds(), 86_400);
    }
}
