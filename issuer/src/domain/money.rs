//! Amounts, their decimals, and where a day of spending begins.

use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, Serialize, de};
use tegata::UnixTime;
use utoipa::ToSchema;

use super::newtype::InvalidField;

/// An amount in minor units that a card can be charged with: 1 to 4,294,967,295.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = u32, minimum = 1, example = 1980)]
pub struct Amount(NonZeroU32);

impl Amount {
    /// Takes a number of minor units.
    ///
    /// # Errors
    /// [`InvalidField`] for 0 and for more than a card can be charged with.
    pub fn new(minor: u64) -> Result<Self, InvalidField> {
        let amount = u32::try_from(minor).ok().and_then(NonZeroU32::new);
        amount.map(Self).ok_or(InvalidField("an amount in minor units, 1 to 4294967295"))
    }

    pub(crate) const fn constant<const MINOR: u32>() -> Self {
        Self(const { NonZeroU32::new(MINOR).unwrap() })
    }

    /// Gives the minor units.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0.get().into()
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// Digits of an amount behind the point, 0 to 4 (ISO 4217).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimals(u8);

impl Decimals {
    pub(crate) const NONE: Self = Self(0);

    /// Takes a number of digits; `None` for more than any currency has.
    pub(crate) const fn new(digits: u8) -> Option<Self> {
        if digits <= 4 { Some(Self(digits)) } else { None }
    }

    /// Gives the number of digits.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Decimals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let decimals = u8::deserialize(deserializer).ok().and_then(Self::new);
        decimals.ok_or_else(|| de::Error::custom("a number from 0 to 4 is expected"))
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

    /// Numbers the day that a time falls on, from 1970 on.
    pub(crate) fn day(self, now: UnixTime) -> u64 {
        now.shifted(i64::from(self.0) * 60).seconds() / (24 * 60 * 60)
    }

    /// Says whether a time falls on a day that ended more than `days` days before the one of `now`.
    pub(crate) fn is_older(self, time: UnixTime, days: u8, now: UnixTime) -> bool {
        self.day(time).saturating_add(days.into()) < self.day(now)
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
    fn a_day_in_japan_begins_nine_hours_before_utc() {
        let day = |seconds, offset| DayOffset(offset).day(UnixTime::new(seconds).unwrap());
        let midnight = 20_000 * 86_400;
        assert_eq!((day(midnight - 1, 0), day(midnight, 0)), (19_999, 20_000));
        assert_eq!(day(midnight - 9 * 3600 - 1, 540), 19_999);
        assert_eq!(day(midnight - 9 * 3600, 540), 20_000);
        assert_eq!(day(midnight + 5 * 3600 - 1, -300), 19_999);
        let time = |seconds| UnixTime::new(seconds).unwrap();
        let is_older = |days| {
            DayOffset(540).is_older(time(midnight - 9 * 3600 - 1), days, time(midnight - 9 * 3600))
        };
        assert!(is_older(0) && !is_older(1));
    }
}
