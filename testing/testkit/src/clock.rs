//! A clock that tests move.

use std::sync::atomic::{AtomicU64, Ordering};

use tegata::{Clock, SystemClock, UnixTime};

/// A clock that stands, or runs with the system's, until a test moves it.
#[derive(Debug)]
pub struct TestClock {
    follows_system: bool,
    seconds: AtomicU64,
}

impl TestClock {
    /// Stands at this Unix time, in seconds.
    pub const fn at(seconds: u64) -> Self {
        Self { follows_system: false, seconds: AtomicU64::new(seconds) }
    }

    /// Runs with the system's clock, and ahead of it by as much as it is advanced.
    pub const fn system() -> Self {
        Self { follows_system: true, seconds: AtomicU64::new(0) }
    }

    /// Moves forward by so many seconds.
    pub fn advance(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Goes to so many seconds: of Unix time, or ahead of the system's clock.
    pub fn set(&self, seconds: u64) {
        self.seconds.store(seconds, Ordering::SeqCst);
    }

    /// Goes forward to this Unix time; stays where it is if that has passed.
    pub fn reach(&self, seconds: u64) {
        self.seconds.fetch_max(seconds, Ordering::SeqCst);
    }

    /// Moves back by so many seconds.
    pub fn set_back(&self, seconds: u64) {
        self.seconds.fetch_sub(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixTime {
        let base = if self.follows_system { SystemClock.now().seconds() } else { 0 };
        UnixTime::new(base + self.seconds.load(Ordering::SeqCst)).unwrap()
    }
}
