//! How much may be spent, and which day it is.

use serde::{Deserialize, Deserializer, de};
use tegata::UnixTime;
use tegata::code::AttemptLimits;

use super::words::Currency;
use crate::store::{AuthoriseLimits, Cap};

/// What holds for payments, from the settings.
#[derive(Clone, Debug)]
pub struct Rules {
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
    /// Codes that fit nobody.
    pub attempts: AttemptLimits,
}

impl Rules {
    pub(super) fn bounds(&self, now: UnixTime) -> AuthoriseLimits {
        let Self { usual, low, attempts, day_offset, .. } = *self;
        AuthoriseLimits { usual, low, attempts, day: day_offset.day(now) }
    }
}

/// Digits of an amount behind the point, 0 to 4 (ISO 4217).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimals(u8);

impl Decimals {
    pub(crate) const NONE: Self = Self(0);

    /// How many.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Decimals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer) {
            Ok(decimals @ 0..=4) => Ok(Self(decimals)),
            _ => Err(de::Error::custom("a number from 0 to 4 is expected")),
        }
    }
}

/// Minutes by which midnight is earlier than that of UTC, -720 to 840: 540 in Japan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayOffset(i16);

impl DayOffset {
    pub(crate) const JAPAN: Self = Self(540);

    pub(crate) const fn minutes(self) -> i16 {
        self.0
    }

    fn day(self, now: UnixTime) -> u64 {
        now.shifted(i64::from(self.0) * 60).seconds() / (24 * 60 * 60)
    }
}

impl<'de> Deserialize<'de> for DayOffset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match i16::deserialize(deserializer) {
            Ok(minutes @ -720..=840) => Ok(Self(minutes)),
            _ => Err(de::Error::custom("minutes from -720 to 840 are expected")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_japan_begins_nine_hours_before_that_of_greenwich() {
        let day = |seconds, offset| DayOffset(offset).day(UnixTime::new(seconds).unwrap());
        let midnight = 20_000 * 86_400;
        assert_eq!((day(midnight - 1, 0), day(midnight, 0)), (19_999, 20_000));
        assert_eq!(day(midnight - 9 * 3600 - 1, 540), 19_999);
        assert_eq!(day(midnight - 9 * 3600, 540), 20_000);
        assert_eq!(day(midnight + 5 * 3600 - 1, -300), 19_999);
    }
}
