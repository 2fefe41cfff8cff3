//! The clocks of the demo: one that the tour moves, and that of a phone.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use tegata::{Clock, UnixTime};

/// 2019-07-01T12:00:00Z, the launch day of the payment app whose break-in the tour repeats.
const START: u64 = 1_561_982_400;

/// A clock that only the tour moves.
#[derive(Debug)]
pub(super) struct TourClock(AtomicU64);

impl TourClock {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(START))
    }

    pub(super) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Seconds that have passed since the tour began.
    pub(super) fn moved(&self) -> u64 {
        self.0.load(Ordering::Relaxed).saturating_sub(START)
    }
}

impl Clock for TourClock {
    fn now(&self) -> UnixTime {
        UnixTime::new(self.0.load(Ordering::Relaxed)).unwrap_or(UnixTime::MAX)
    }
}

/// The clock of a phone: the right time, shifted by some seconds.
pub(super) struct PhoneClock {
    right: Arc<dyn Clock>,
    ahead: AtomicI64,
}

impl PhoneClock {
    pub(super) fn new(right: Arc<dyn Clock>) -> Self {
        Self { right, ahead: AtomicI64::new(0) }
    }

    pub(super) fn jump(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for PhoneClock {
    fn now(&self) -> UnixTime {
        self.right.now().shifted(self.ahead.load(Ordering::Relaxed))
    }
}
