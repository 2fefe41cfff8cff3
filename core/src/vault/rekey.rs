//! Key replacement: a new wrapping around the data key, or a new data key.
//!
//! The two are not the same. A rewrapped key is the old key behind another lock: one row. A replaced key makes the old
//! one worthless: every record is sealed again.

use std::sync::Arc;

use super::error::VaultError;
use super::ids::RecordId;
use super::keystore::Keystore;
use super::manifest::{self, Manifest};
use super::store::Vault;
use super::{database, rows};

impl Vault {
    /// Wraps the data key with another keystore from now on, as when a device gets a better one. One row per generation
    /// is written, and there is one generation but in the middle of [`rekey`](Self::rekey). The
    /// former keystore can no longer open this file, only earlier copies of it; if it leaked, replace the key
    /// afterwards.
    ///
    /// # Errors
    /// `PinBound` if the payment lock has a PIN that the other keystore does not know; those of both keystores;
    /// `Storage`.
    pub fn change_keystore(&mut self, keystore: Arc<dyn Keystore>) -> Result<(), VaultError> {
        let has_pin = self.lock_status()?.is_some_and(|lock| lock.pin_tries_left.is_some());
        if has_pin {
            let ask = |keystore: &dyn Keystore| keystore.prf(self.id().as_bytes());
            if ask(&*self.device.keystore)?.expose() != ask(&*keystore)?.expose() {
                return Err(VaultError::PinBound);
            }
        }
        let transaction = self.connection.transaction()?;
        for key in self.keys.iter() {
            let wrapped = key.wrap(self.keys.vault(), &*keystore)?;
            let row = "UPDATE dek SET wrapped = ?1 WHERE generation = ?2";
            transaction.execute(row, (wrapped, key.generation().get()))?;
        }
        self.log.sync()?;
        transaction.commit()?;
        self.device.keystore = keystore;
        // the old wrapping is in the log until then
        self.purge_due = database::purge(&self.connection).is_err();
        Ok(())
    }

    /// Whether [`rekey`](Self::rekey) was begun and not ended.
    #[must_use]
    pub fn is_rekeying(&self) -> bool {
        self.keys.is_rekeying()
    }

    /// Makes a new data key and seals every record under it, then forgets the old one: for a key that may have
    /// leaked. Costs one durable write per record. A crash or an error leaves a whole vault with two keys,
    /// which can be used, and the next call resumes; the old key is refused once it has ended.
    ///
    /// Payment seeds that were read with the old key are not protected by it: the issuer has to replace those.
    ///
    /// # Errors
    /// Those of keystore and anchor; `Storage`, `Random`, `Corrupt`.
    pub fn rekey(&mut self) -> Result<(), VaultError> {
        if !self.keys.is_rekeying() {
            self.begin_rekeying()?;
        }
        let mut last = RecordId::MANIFEST;
        while let Some(id) = self.next_under_oldest(&last)? {
            self.transaction(|transaction| transaction.reseal(&id))?;
            last = id;
        }
        self.finish_rekeying()
    }

    /// Adds a generation; all that is written from here on is sealed under it.
    fn begin_rekeying(&mut self) -> Result<(), VaultError> {
        let key = self.keys.current().next(&*self.device.random)?;
        let generation = key.generation().get();
        let wrapped = key.wrap(self.keys.vault(), &*self.device.keystore)?;
        self.transaction(|transaction| {
            transaction.write("INSERT INTO dek VALUES (?1, ?2)", (generation, &wrapped))?;
            transaction.manifest.generations.push(generation);
            Ok::<_, VaultError>(())
        })?;
        self.keys.add_generation(key);
        Ok(())
    }

    /// The first record after `last` that is sealed under the oldest generation.
    fn next_under_oldest(&self, last: &RecordId) -> Result<Option<RecordId>, VaultError> {
        let mut row = self.connection.prepare_cached(
            "SELECT id FROM record WHERE id > ?1 AND substr(sealed, 2, 4) = ?2 ORDER BY id LIMIT 1",
        )?;
        let oldest = self.keys.oldest().generation().get().to_be_bytes();
        let mut rows = row.query((last.as_bytes(), oldest))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        RecordId::from_row(database::blob(row, 0)?).map(Some).ok_or(VaultError::Corrupt)
    }

    /// Forgets the oldest generation, under which nothing is sealed any more.
    fn finish_rekeying(&mut self) -> Result<(), VaultError> {
        let generation = self.keys.current().generation();
        let oldest = self.keys.oldest().generation().get();
        let manifest_key = self.keys.current().manifest_key();
        let mut manifest =
            Manifest { xor: [0; 32], generations: vec![generation.get()], ..self.manifest.clone() };
        rows::each_record(&self.connection, |id, rev, sealed| {
            if id != RecordId::MANIFEST {
                // To forget a key that something is still sealed under would lose that.
                if sealed.generation != generation {
                    return Err(VaultError::Corrupt);
                }
                manifest.toggle(&manifest::entry(&manifest_key, &id, rev, &sealed));
            }
            Ok(())
        })?;
        self.transaction(|transaction| {
            transaction.write("DELETE FROM dek WHERE generation = ?1", [oldest])?;
            transaction.manifest = manifest;
            transaction.deleted = true;
            Ok::<_, VaultError>(())
        })?;
        self.keys.forget_oldest();
        self.manifest_key = manifest_key;
        Ok(())
    }
}
