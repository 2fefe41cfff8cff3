//! The time of day.

use std::sync::atomic::{AtomicI64, Ordering};

use tegata::{Clock, UnixTime};

/// A clock that stands where it was set, for tests of an app and for its pictures. Without one the wallet goes by the
/// device's.
#[derive(Debug, uniffi::Object)]
pub struct SetClock(AtomicI64);

#[uniffi::export]
impl SetClock {
    /// Set to this moment, in seconds since 1970.
    #[uniffi::constructor]
    #[must_use]
    pub fn new(seconds: i64) -> Self {
        Self(AtomicI64::new(seconds))
    }

    /// Sets it to another moment.
    pub fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

/// A moment before 1970 reads as 1970, one after the year 9999 as its end.
impl Clock for SetClock {
    fn now(&self) -> UnixTime {
        UnixTime::EPOCH.shifted(self.0.load(Ordering::SeqCst))
    }
}
