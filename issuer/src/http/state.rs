//! What all requests share.

use std::sync::Arc;

use crate::config::Config;
use crate::domain::Environment;
use crate::http::rate_limits::Limits;
use crate::metrics::Metrics;
use crate::passwords::{BreachedPasswords, Passwords, PasswordsUnavailable};

/// What all requests share: the state of each handler, as `State<Arc<AppState>>`.
#[derive(Debug)]
pub struct AppState {
    /// The settings of the service.
    pub config: Config,
    /// Where time and randomness come from.
    pub environment: Environment,
    /// The rate limits of requests.
    pub limits: Limits,
    /// The threads that hash passwords.
    pub passwords: Arc<Passwords>,
    /// The counts for `/metrics`.
    pub metrics: Metrics,
}

impl AppState {
    pub(crate) fn new(
        config: Config,
        environment: Environment,
    ) -> Result<Self, PasswordsUnavailable> {
        let mut passwords = Passwords::start(
            config.password_threads.into(),
            config.password_queue.get(),
            environment.random.clone(),
        )?;
        if let Some(file) = &config.breached_passwords {
            let breached = BreachedPasswords::load(file);
            passwords = passwords.with_breached(breached.map_err(PasswordsUnavailable::Breached)?);
        }
        let limits = Limits::new(&config, &environment.uptime);
        let passwords = Arc::new(passwords);
        Ok(Self { config, environment, limits, passwords, metrics: Metrics::default() })
    }
}
