//! Time, passed in by the host: whole seconds since 1970-01-01T00:00:00Z.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A moment in whole seconds since the Unix epoch, from 1970 to the end of the year 9999.
///
/// The upper bound keeps every sum of codes, steps and validity windows far from overflow, so that nothing
/// downstream has to check again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct UnixTime(u64);

/// The time is after the end of the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time {0} is out of range: seconds since 1970 up to {max} are accepted", max = UnixTime::MAX.0)]
pub struct TimeOutOfRange(pub u64);

impl UnixTime {
    /// 1970-01-01T00:00:00Z, the first second of the range.
    pub const EPOCH: Self = Self(0);
    /// 9999-12-31T23:59:59Z, the last second that four-digit years can write (RFC 3339, section 1).
    pub const MAX: Self = Self(253_402_300_799);

    /// Takes seconds since the Unix epoch.
    ///
    /// # Errors
    /// [`TimeOutOfRange`] after [`UnixTime::MAX`].
    pub const fn new(seconds: u64) -> Result<Self, TimeOutOfRange> {
        if seconds > Self::MAX.0 { Err(TimeOutOfRange(seconds)) } else { Ok(Self(seconds)) }
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// This moment shifted by so many seconds, clamped to the range.
    #[must_use]
    pub fn shifted(self, seconds: i64) -> Self {
        Self(self.0.saturating_add_signed(seconds).min(Self::MAX.0))
    }
}

impl TryFrom<u64> for UnixTime {
    type Error = TimeOutOfRange;

    fn try_from(seconds: u64) -> Result<Self, TimeOutOfRange> {
        Self::new(seconds)
    }
}

impl From<UnixTime> for u64 {
    fn from(time: UnixTime) -> Self {
        time.0
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The source of the present time: [`SystemClock`], or a function that gives it.
pub trait Clock: Send + Sync {
    /// The present time, in whole seconds.
    fn now(&self) -> UnixTime;
}

impl<F: Fn() -> UnixTime + Send + Sync> Clock for F {
    fn now(&self) -> UnixTime {
        self()
    }
}

/// The operating system's clock. One before 1970 reads as 1970, one after 9999 as the last second of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        UnixTime(since.as_secs().min(UnixTime::MAX.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_end_with_the_year_9999() {
        assert_eq!(UnixTime::new(253_402_300_799), Ok(UnixTime::MAX));
        assert_eq!(UnixTime::new(253_402_300_800), Err(TimeOutOfRange(253_402_300_800)));
        assert_eq!(UnixTime::new(u64::MAX), Err(TimeOutOfRange(u64::MAX)));
    }

    #[test]
    fn a_shift_stays_in_range() {
        assert_eq!(UnixTime::EPOCH.shifted(-1), UnixTime::EPOCH);
        assert_eq!(UnixTime::MAX.shifted(i64::MAX), UnixTime::MAX);
        assert_eq!(UnixTime(100).shifted(-40), UnixTime(60));
    }
}
