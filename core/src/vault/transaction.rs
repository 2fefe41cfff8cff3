//! A transaction: several reads and writes that happen together or not at all.

use ring::hmac;

use super::error::VaultError;
use super::ids::{RecordId, VaultId};
use super::keys::Keyring;
use super::kinds::{self, RecordKind};
use super::manifest::{self, Manifest};
use super::record::{self, SealedRecord};
use super::{database, rows};
use crate::Random;

/// Several reads and writes that happen together or not at all.
pub struct Transaction<'a> {
    sql: rusqlite::Transaction<'a>,
    keys: &'a Keyring,
    manifest_key: &'a hmac::Key,
    /// The manifest after the commit, which the vault takes over.
    pub(super) manifest: Manifest,
    pub(super) random: &'a dyn Random,
    pub(super) wrote: bool,
    pub(super) deleted: bool,
    /// The first failure of the disk. SQLite may have rolled back by itself then, so nothing more is written, even if
    /// the caller carries on.
    failed: Option<VaultError>,
}

impl<'a> Transaction<'a> {
    /// Begins a transaction that has read and written nothing yet.
    pub(super) fn new(
        sql: rusqlite::Transaction<'a>,
        keys: &'a Keyring,
        manifest_key: &'a hmac::Key,
        manifest: Manifest,
        random: &'a dyn Random,
    ) -> Self {
        Self {
            sql,
            keys,
            manifest_key,
            manifest,
            random,
            wrote: false,
            deleted: false,
            failed: None,
        }
    }

    /// The id of the vault that this writes to.
    pub(crate) fn vault_id(&self) -> &VaultId {
        self.keys.vault()
    }

    /// The source of ids and keys.
    pub(crate) fn random(&self) -> &dyn Random {
        self.random
    }

    /// Reads a record as [`Vault::get`](super::Vault::get) does; sees what this transaction has written.
    ///
    /// # Errors
    /// As [`Vault::get`](super::Vault::get).
    pub fn get<T: RecordKind>(&self, id: &RecordId) -> Result<Option<T>, VaultError> {
        rows::get(&self.sql, self.keys, id)
    }

    /// Lists records as [`Vault::list`](super::Vault::list) does; sees what this transaction has written.
    ///
    /// # Errors
    /// As [`Vault::list`](super::Vault::list).
    pub fn list<T: RecordKind>(&self) -> Result<Vec<(RecordId, T)>, VaultError> {
        rows::list(&self.sql, self.keys)
    }

    /// Stores `item` as a new record.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn add<T: RecordKind>(&mut self, item: &T) -> Result<RecordId, VaultError> {
        let id = RecordId::make(self.random)?;
        self.put(&id, item)?;
        Ok(id)
    }

    /// Stores `item` as the record `id`, new or in place of what was there. Its revision rises by one.
    ///
    /// # Errors
    /// `OutOfRange`, `TooLarge` and `Random`, after which the transaction can go on; `Storage`, after which it cannot.
    pub fn put<T: RecordKind>(&mut self, id: &RecordId, item: &T) -> Result<(), VaultError> {
        self.put_data(id, &kinds::encode(item)?)
    }

    /// Seals a record again under the current key, whatever its kind.
    pub(super) fn reseal(&mut self, id: &RecordId) -> Result<(), VaultError> {
        let data = rows::read_data(&self.sql, self.keys, id)?.ok_or(VaultError::Corrupt)?;
        self.put_data(id, &data)
    }

    /// Stores encoded data as [`put`](Self::put) stores an item.
    fn put_data(&mut self, id: &RecordId, data: &[u8]) -> Result<(), VaultError> {
        let before = self.entry(id)?;
        let rev = before.map_or(1, |(rev, _)| rev + 1);
        let sealed = record::seal(self.keys, id, rev, data, self.random)?;
        self.write(PUT, (id.as_bytes(), database::to_integer(rev)?, &sealed))?;

        let after = SealedRecord::parse(&sealed).ok_or(VaultError::Corrupt)?;
        self.manifest.toggle(&manifest::entry(self.manifest_key, id, rev, &after));
        match before {
            Some((_, entry)) => self.manifest.toggle(&entry),
            None => self.manifest.records += 1,
        }
        Ok(())
    }

    /// Deletes the record `id`; returns whether there was one.
    ///
    /// # Errors
    /// `Storage`, after which the transaction cannot go on.
    pub fn delete(&mut self, id: &RecordId) -> Result<bool, VaultError> {
        let Some((_, entry)) = self.entry(id)? else { return Ok(false) };
        self.write("DELETE FROM record WHERE id = ?1", [id.as_bytes()])?;
        self.manifest.toggle(&entry);
        self.manifest.records -= 1;
        self.deleted = true;
        Ok(true)
    }

    /// Has what this transaction overwrites purged from the file, as what it deletes is.
    pub(crate) fn purge_overwritten(&mut self) {
        self.deleted = true;
    }

    /// Revision and manifest entry of a record as it is now.
    fn entry(&self, id: &RecordId) -> Result<Option<(u64, [u8; 32])>, VaultError> {
        rows::find(&self.sql, id, |rev, sealed| {
            Ok((rev, manifest::entry(self.manifest_key, id, rev, &sealed)))
        })
    }

    /// Writes exactly one row, or fails.
    pub(super) fn write(
        &mut self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<(), VaultError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let rows_written = self.sql.prepare_cached(sql).and_then(|mut row| row.execute(values));
        let written = match rows_written {
            Ok(1) => Ok(()),
            Ok(_) => Err(VaultError::Corrupt),
            Err(error) => Err(error.into()),
        };
        self.failed = written.clone().err();
        self.wrote = true;
        written
    }

    /// Writes the manifest if anything was written, and commits; returns the manifest that now holds.
    pub(super) fn commit(mut self) -> Result<Manifest, VaultError> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        if self.wrote {
            self.manifest.epoch += 1;
            let sealed = rows::seal_manifest(self.keys, &self.manifest, self.random)?;
            let epoch = database::to_integer(self.manifest.epoch)?;
            self.write(PUT, (RecordId::MANIFEST.as_bytes(), epoch, &sealed))?;
        }
        self.sql.commit()?;
        Ok(self.manifest)
    }
}

const PUT: &str = "INSERT INTO record VALUES (?1, ?2, ?3)
    ON CONFLICT (id) DO UPDATE SET rev = excluded.rev, sealed = excluded.sealed";
