//! A clock for tests.

use std::sync::atomic::{AtomicI64, Ordering};

use tegata::{Clock, UnixTime};

/// A clock that stands where it was set, for tests of an app and for its screenshots. Without one the wallet uses the
/// device's clock.
#[derive(Debug, uniffi::Object)]
pub struct ManualClock(AtomicI64);

#[uniffi::export]
impl ManualClock {
    /// Makes a clock that stands at this moment, in seconds since 1970.
    #[uniffi::constructor]
    #[must_use]
    pub fn new(seconds: i64) -> Self {
        Self(AtomicI64::new(seconds))
    }

    /// Sets it to another moment, in seconds since 1970.
    pub fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

/// A moment before 1970 reads as 1970, one after the year 9999 as its end.
impl Clock for ManualClock {
    fn now(&self) -> UnixTime {
        UnixTime::EPOCH.shifted(self.0.load(Ordering::SeqCst))
    }
}
