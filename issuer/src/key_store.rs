//! The issuer's keys in the store: opened, wrapped under another server key, replaced.
//!
//! Another key takes the place of one: around the roots, which changes a few rows, or a sealing root itself, which seals
//! every secret anew.

use tegata::{Random, RandomUnavailable, UnixTime};

use crate::crypto::{KeyService, Keys, KeysError, SealingContext, WrongKey, make_root};
use crate::domain::Sealed;
use crate::store::{Store, StoreError};

/// Secrets sealed anew in one transaction.
const BATCH: u32 = 256;

/// Why the keys of a store cannot be opened, or not be replaced.
#[derive(Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// The keys cannot be unwrapped, made or used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<WrongKey> for KeyStoreError {
    fn from(wrong: WrongKey) -> Self {
        Self::Keys(wrong.into())
    }
}

impl From<RandomUnavailable> for KeyStoreError {
    fn from(error: RandomUnavailable) -> Self {
        Self::Keys(error.into())
    }
}

impl Keys {
    /// Unwraps the keys of a store; makes them if it has none.
    ///
    /// # Errors
    /// [`KeyStoreError`]; `WrongKey` if they were wrapped under another server key.
    pub async fn open(
        store: &Store,
        service: &dyn KeyService,
        random: &dyn Random,
    ) -> Result<Self, KeyStoreError> {
        let mut rows = store.keys().await?;
        if rows.is_empty() {
            store.add_keys(Self::make_roots(service, random)?).await?;
            // Another process may have been first: its keys count.
            rows = store.keys().await?;
        }
        Ok(Self::unwrap(rows, service)?)
    }

    /// Opens the keys for a process that seals with them, and announces it: whoever replaces a key sees who still uses the
    /// older one.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_announced(
        store: &Store,
        service: &dyn KeyService,
        random: &dyn Random,
        process: [u8; 16],
        now: UnixTime,
    ) -> Result<Self, KeyStoreError> {
        loop {
            let keys = Self::open(store, service, random).await?;
            store.announce_process(process, keys.newest_root(), now).await?;
            // A key that was made before the announcement: who made it may not have seen this process.
            let newest = store.keys().await?.last().map_or(0, |key| key.number);
            if newest == keys.newest_root() {
                return Ok(keys);
            }
        }
    }

    /// Wraps all roots under another server key, all or none. Services that run need it at their next start only.
    ///
    /// # Errors
    /// `WrongKey` if `old` is not the one that counts; then, and on any other error, it goes on counting.
    pub async fn rewrap(
        store: &Store,
        old: &dyn KeyService,
        new: &dyn KeyService,
        random: &dyn Random,
    ) -> Result<(), KeyStoreError> {
        let mut pairs = Vec::new();
        for key in store.keys().await? {
            let root = old.unwrap(key.number, &key.wrapped)?;
            let wrapped = new.wrap(key.number, &root, random)?;
            pairs.push((key, wrapped));
        }
        Ok(store.rewrap_keys(pairs).await?)
    }

    /// Makes another sealing root. Services seal under it from their next start on, and [`reseal`](Self::reseal) is for
    /// when all of them were started anew: one that was not cannot open what the others seal.
    ///
    /// # Errors
    /// `NoNumberLeft`, `WrongKey`, `Random`, `Store`.
    pub async fn renew(
        store: &Store,
        service: &dyn KeyService,
        random: &dyn Random,
    ) -> Result<(), KeyStoreError> {
        let keys = store.keys().await?;
        // Not under a server key that opens none of the others.
        for key in &keys {
            service.unwrap(key.number, &key.wrapped)?;
        }
        let last = keys.last().map_or(0, |key| key.number);
        let next = last.checked_add(1).ok_or(KeysError::NoNumberLeft)?;
        Ok(store.add_keys(vec![make_root(next, service, random)?]).await?)
    }

    /// Seals all secrets and payment seeds under the newest root that are sealed under an older one; gives how many. After a break it
    /// goes on where it was: what is done is not done again.
    ///
    /// # Errors
    /// `NotOpened`, `Random`, `Store`.
    pub async fn reseal(&self, store: &Store, random: &dyn Random) -> Result<u64, KeyStoreError> {
        let newest = self.newest_root();
        let mut after = None;
        let mut done = 0;
        loop {
            let rows = store.secrets_sealed_before(newest, after, BATCH).await?;
            let Some(last) = rows.last() else { break };
            after = Some((last.account, last.secret));
            let mut pairs = Vec::with_capacity(rows.len());
            for row in rows {
                let place = SealingContext::Secret(row.account, row.secret, row.kind);
                let plain = self.open_sealed(place, &row.sealed)?;
                let sealed = self.seal(place, &plain, random)?;
                pairs.push((row, sealed));
            }
            done += pairs.len() as u64;
            store.reencrypt_secrets(pairs).await?;
        }
        Ok(done + self.reseal_seeds(store, random).await?)
    }

    async fn reseal_seeds(&self, store: &Store, random: &dyn Random) -> Result<u64, KeyStoreError> {
        let mut after = None;
        let mut done = 0;
        loop {
            let rows = store.seeds_sealed_before(self.newest_root(), after, BATCH).await?;
            let Some(last) = rows.last() else { return Ok(done) };
            after = Some(last.credential);
            let mut pairs = Vec::with_capacity(rows.len());
            for row in rows {
                let key = row.seed.key;
                let bytes = row.seed.seed.clone();
                let seed = self.open_seed(row.account, row.credential, &Sealed { key, bytes })?;
                let sealed = self.seal_seed(row.account, row.credential, &seed, random)?;
                pairs.push((row, sealed));
            }
            done += pairs.len() as u64;
            store.reencrypt_seeds(pairs).await?;
        }
    }

    /// Drops the older sealing roots; gives the numbers of those that something is still sealed under, which stay.
    ///
    /// # Errors
    /// `Store`.
    pub async fn retire(&self, store: &Store) -> Result<Vec<u8>, KeyStoreError> {
        let mut in_use = Vec::new();
        for number in self.older_roots() {
            if !store.retire_key(number).await? {
                in_use.push(number);
            }
        }
        Ok(in_use)
    }
}
