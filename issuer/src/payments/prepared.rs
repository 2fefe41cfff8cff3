//! Credentials kept ready for comparisons. A credential's seed never changes, so nothing here grows old; whether a
//! credential counts is for the transaction to say.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use tegata::code::{Candidate, CredentialId};

use crate::crypto::Keys;
use crate::store::{CandidateCache, CandidateCredential, StoreError};

/// How many are kept: some 25 MiB. Those used longest ago go first.
const KEPT: NonZeroUsize = NonZeroUsize::new(32 * 1024).unwrap();

pub(super) struct Prepared {
    keys: Arc<Keys>,
    kept: Mutex<LruCache<CredentialId, Arc<Candidate>>>,
}

impl Prepared {
    pub(super) fn new(keys: Arc<Keys>) -> Self {
        Self { keys, kept: Mutex::new(LruCache::new(KEPT)) }
    }

    fn kept(&self) -> MutexGuard<'_, LruCache<CredentialId, Arc<Candidate>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CandidateCache for Prepared {
    fn prepare(&self, found: &CandidateCredential) -> Result<Arc<Candidate>, StoreError> {
        if let Some(known) = self.kept().get(&found.id) {
            return Ok(Arc::clone(known));
        }
        let seed = self.keys.open_seed(found.account, found.id, &found.seed);
        let seed = seed.map_err(|_| StoreError::Unreadable("credentials"))?;
        let candidate = Arc::new(Candidate::new(found.id, &seed));
        self.kept().put(found.id, Arc::clone(&candidate));
        Ok(candidate)
    }
}
