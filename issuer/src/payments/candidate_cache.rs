//! Credentials ready for comparisons. A credential's seed never changes, so nothing here grows old; whether a
//! credential counts is for the transaction to say.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use tegata::code::{Candidate, CredentialId};

use crate::crypto::Keys;
use crate::store::{CandidateCache, CandidateCredential, StoreError};

/// How many are candidates: some 25 MiB. Those used longest ago go first.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(32 * 1024).unwrap();

/// The credentials that were compared last, with their seeds opened.
pub(super) struct LruCandidateCache {
    keys: Arc<Keys>,
    candidates: Mutex<LruCache<CredentialId, Arc<Candidate>>>,
}

impl LruCandidateCache {
    pub(super) fn new(keys: Arc<Keys>) -> Self {
        Self { keys, candidates: Mutex::new(LruCache::new(CAPACITY)) }
    }

    fn candidates(&self) -> MutexGuard<'_, LruCache<CredentialId, Arc<Candidate>>> {
        self.candidates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CandidateCache for LruCandidateCache {
    fn prepare(&self, found: &CandidateCredential) -> Result<Arc<Candidate>, StoreError> {
        if let Some(known) = self.candidates().get(&found.id) {
            return Ok(Arc::clone(known));
        }
        let seed = self.keys.open_seed(found.account, found.id, &found.seed);
        let seed = seed.map_err(|_| StoreError::Unreadable("credentials"))?;
        let candidate = Arc::new(Candidate::new(found.id, &seed));
        self.candidates().put(found.id, Arc::clone(&candidate));
        Ok(candidate)
    }
}
