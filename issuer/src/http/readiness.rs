//! What a service needs to work on requests: a store that can be written, the keys that the store is sealed under, and a
//! clock that is not behind.

use std::sync::Arc;
use std::time::Duration;

use tegata::UnixTime;
use tokio::sync::Mutex;

use crate::crypto::Keys;
use crate::domain::Environment;
use crate::http::problem::NotReady;
use crate::store::{Store, StoreError};

/// How long an answer is given again: who asks often costs the store no more.
const FRESH: Duration = Duration::from_secs(1);

/// How long the store may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// No clock shows a time before this program was written: 1 January 2025.
const PROGRAM_MADE: u64 = 1_735_689_600;

/// By how many seconds a clock may be behind the newest line of the log, which another process may have written.
const BEHIND: u64 = 300;

/// Looks whether the service is ready.
pub(crate) struct Readiness {
    store: Store,
    keys: Arc<Keys>,
    environment: Environment,
    /// What was found last, and when. Who asks meanwhile waits for it.
    last: Mutex<Option<(Duration, Result<(), NotReady>)>>,
}

impl std::fmt::Debug for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Readiness")
    }
}

impl Readiness {
    pub(crate) fn new(store: Store, keys: Arc<Keys>, environment: Environment) -> Arc<Self> {
        Arc::new(Self { store, keys, environment, last: Mutex::default() })
    }

    /// Looks, unless it did within a second.
    ///
    /// # Errors
    /// The first thing that is missing.
    pub(crate) async fn check(&self) -> Result<(), NotReady> {
        let mut last = self.last.lock().await;
        let now = self.environment.uptime.elapsed();
        if let Some((when, found)) = *last
            && now.saturating_sub(when) < FRESH
        {
            return found;
        }
        let found = self.look().await;
        let before = last.map(|(_, before)| before);
        match found {
            Err(what) if before != Some(found) => tracing::warn!(%what, "not ready"),
            Ok(()) if before.is_some_and(|before| before.is_err()) => tracing::info!("ready again"),
            _ => {}
        }
        *last = Some((now, found));
        found
    }

    async fn look(&self) -> Result<(), NotReady> {
        if self.environment.clock.now().seconds() < PROGRAM_MADE {
            return Err(NotReady::Clock);
        }
        match tokio::time::timeout(PATIENCE, self.look_at_store()).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) | Err(_) => Err(NotReady::Store),
        }
    }

    async fn look_at_store(&self) -> Result<Result<(), NotReady>, StoreError> {
        self.store.check_writable().await?;
        let keys = self.store.keys().await?;
        if !keys.iter().any(|key| key.number == self.keys.newest_root()) {
            return Ok(Err(NotReady::Keys));
        }
        let newest = self.store.newest_event().await?.map_or(0, UnixTime::seconds);
        let is_behind = self.environment.clock.now().seconds() + BEHIND < newest;
        Ok(if is_behind { Err(NotReady::Clock) } else { Ok(()) })
    }
}
