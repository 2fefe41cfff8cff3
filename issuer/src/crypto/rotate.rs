//! Another key in the place of one: around the roots, which changes a few rows, or a sealing root itself, which seals
//! every secret anew.

use tegata::Random;

use super::{KeyService, Keys, KeysError, Place, Sealed, make};
use crate::store::Store;

/// Secrets sealed anew in one transaction.
const BATCH: u32 = 256;

impl Keys {
    /// Wraps all roots under another server key, all or none. Services that run need it at their next start only.
    ///
    /// # Errors
    /// `WrongKey` if `old` is not the one that counts; then, and on any other error, it goes on counting.
    pub async fn rewrap(
        store: &Store,
        old: &dyn KeyService,
        new: &dyn KeyService,
        random: &dyn Random,
    ) -> Result<(), KeysError> {
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
    ) -> Result<(), KeysError> {
        let keys = store.keys().await?;
        // Not under a server key that opens none of the others.
        for key in &keys {
            service.unwrap(key.number, &key.wrapped)?;
        }
        let last = keys.last().map_or(0, |key| key.number);
        let next = last.checked_add(1).ok_or(KeysError::NoNumberLeft)?;
        Ok(store.add_keys(vec![make(next, service, random)?]).await?)
    }

    /// Seals all secrets and payment seeds under the newest root that are sealed under an older one; gives how many. After a break it
    /// goes on where it was: what is done is not done again.
    ///
    /// # Errors
    /// `NotOpened`, `Random`, `Store`.
    pub async fn reseal(&self, store: &Store, random: &dyn Random) -> Result<u64, KeysError> {
        let newest = self.newest();
        let (mut after, mut done) = (None, 0);
        loop {
            let rows = store.secrets_sealed_before(newest, after, BATCH).await?;
            let Some(last) = rows.last() else { break };
            after = Some((last.account, last.secret));
            let mut pairs = Vec::with_capacity(rows.len());
            for row in rows {
                let place = Place::Secret(row.account, row.secret, row.kind);
                let plain = self.open_sealed(place, &row.sealed)?;
                let sealed = self.seal(place, &plain, random)?;
                pairs.push((row, sealed));
            }
            done += pairs.len() as u64;
            store.reencrypt_secrets(pairs).await?;
        }
        Ok(done + self.reseal_seeds(store, random).await?)
    }

    async fn reseal_seeds(&self, store: &Store, random: &dyn Random) -> Result<u64, KeysError> {
        let (mut after, mut done) = (None, 0);
        loop {
            let rows = store.seeds_sealed_before(self.newest(), after, BATCH).await?;
            let Some(last) = rows.last() else { return Ok(done) };
            after = Some(last.credential);
            let mut pairs = Vec::with_capacity(rows.len());
            for row in rows {
                let (key, bytes) = (row.seed.key, row.seed.seed.clone());
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
    pub async fn retire(&self, store: &Store) -> Result<Vec<u8>, KeysError> {
        let mut in_use = Vec::new();
        for number in self.sealing.keys().copied().filter(|number| *number < self.newest()) {
            if !store.retire_key(number).await? {
                in_use.push(number);
            }
        }
        Ok(in_use)
    }

    fn newest(&self) -> u8 {
        self.sealing.last_key_value().map_or(0, |(number, _)| *number)
    }
}
