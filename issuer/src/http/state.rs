//! What all requests share.

use std::sync::Arc;

use tegata::{Clock, Random, SystemClock, SystemRandom};

use crate::config::Config;
use crate::http::rate_limits::{Limits, SystemUptime, Uptime};
use crate::metrics::Metrics;
use crate::passwords::{Passwords, PasswordsUnavailable};

/// Where time and randomness come from.
#[derive(Clone)]
pub struct World {
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Time that only goes forward, for limits.
    pub uptime: Arc<dyn Uptime>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

impl World {
    /// The operating system's.
    #[must_use]
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            uptime: Arc::new(SystemUptime::start()),
            random: Arc::new(SystemRandom::new()),
        }
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

/// What all requests share: the state of each handler, as `State<Arc<Issuer>>`.
#[derive(Debug)]
pub struct Issuer {
    /// How it is set up.
    pub config: Config,
    /// Time and randomness.
    pub world: World,
    /// How often somebody may ask.
    pub limits: Limits,
    /// Where passwords are hashed.
    pub passwords: Arc<Passwords>,
    /// What is counted.
    pub metrics: Metrics,
}

impl Issuer {
    pub(crate) fn new(config: Config, world: World) -> Result<Self, PasswordsUnavailable> {
        let passwords = Passwords::start(
            config.password_threads.into(),
            config.password_queue.get(),
            world.random.clone(),
        )?;
        let limits = Limits::new(config.requests_per_minute, world.uptime.clone());
        let passwords = Arc::new(passwords);
        Ok(Self { config, world, limits, passwords, metrics: Metrics::default() })
    }
}
