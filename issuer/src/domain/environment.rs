//! Where time and randomness come from: the operating system, or a test.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tegata::{Clock, Random, SystemClock, SystemRandom};

/// The sources of time and randomness that everything in the issuer reads.
#[derive(Clone)]
pub struct Environment {
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Time that only goes forward, for limits.
    pub uptime: Arc<dyn Uptime>,
    /// Randomness for keys, ids, codes and salts.
    pub random: Arc<dyn Random>,
}

impl Environment {
    /// Takes the operating system's.
    #[must_use]
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            uptime: Arc::new(SystemUptime::start()),
            random: Arc::new(SystemRandom::new()),
        }
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Environment")
    }
}

/// Time that only goes forward, for waits. The time of day ([`tegata::Clock`]) is set now and then: a limit counted by it
/// could be opened, or shut for years.
pub trait Uptime: Send + Sync {
    /// Gives the time since some moment that stays the same.
    fn elapsed(&self) -> Duration;
}

/// The operating system's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemUptime(Instant);

impl SystemUptime {
    /// Counts from now on.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Uptime for SystemUptime {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
