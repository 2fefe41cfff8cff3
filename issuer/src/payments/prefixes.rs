//! The prefixes of codes that are taken here. Another process may put one into use while this one runs: a code that begins
//! with none of those known is a reason to look again, and a flood of such codes to look once a second.

use std::sync::{Arc, PoisonError, RwLock};

use tegata::UnixTime;
use tegata::code::{DecodedCode, Digits, Prefix, Prefixes, Scheme};
use tokio::sync::Mutex;

use crate::store::{Store, StoreError};

/// The prefixes that the store knew when it was last looked at.
pub(super) struct KnownPrefixes {
    store: Store,
    known: RwLock<Arc<Prefixes>>,
    /// When the store was last looked at because of a code.
    looked: Mutex<Option<UnixTime>>,
}

impl KnownPrefixes {
    /// Reads the prefixes that the store knows by now.
    pub(super) async fn open(store: Store) -> Result<Self, StoreError> {
        let known = RwLock::new(Arc::new(read(&store).await?));
        Ok(Self { store, known, looked: Mutex::default() })
    }

    /// Takes a code apart, if it is one of this issuer's.
    pub(super) async fn decode(
        &self,
        digits: &Digits,
        now: UnixTime,
    ) -> Result<Option<(Scheme, DecodedCode)>, StoreError> {
        if let Some(parts) = self.known().decode(digits) {
            return Ok(Some(parts));
        }
        let mut looked = self.looked.lock().await;
        // The second is that of the clock: one that was set back is another, too.
        if *looked != Some(now) {
            let known = Arc::new(read(&self.store).await?);
            *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
            *looked = Some(now);
        }
        // Who waited for somebody else's look has its outcome.
        Ok(self.known().decode(digits))
    }

    /// Gives the prefixes that were known at the last look.
    pub(super) fn list(&self) -> Vec<Prefix> {
        self.known().iter().collect()
    }

    fn known(&self) -> Arc<Prefixes> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn read(store: &Store) -> Result<Prefixes, StoreError> {
    Prefixes::new(store.schemes().await?).map_err(|_| StoreError::Unreadable("prefixes"))
}
