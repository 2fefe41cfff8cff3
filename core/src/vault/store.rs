//! The vault: open it, read it, write it.

use std::fmt;
use std::path::{Path, PathBuf};

use ring::hmac;
use rusqlite::{Connection, TransactionBehavior};
use zeroize::Zeroizing;

use super::anchor::RollbackGuard;
use super::ids::RecordId;
use super::keys::{DataKey, Keyring};
use super::manifest::{self, Manifest};
use super::migrate::{self, Step};
use super::record::{self, Sealed};
use super::{Keystore, RecordKind, VaultError, VaultId, database, durable, kinds};
use crate::{Device, Random};

/// An open vault. One at a time per file, in all processes.
///
/// Reading decrypts what is asked for and nothing else. Every write is durable when the call returns, and one of
/// several in a [`transaction`](Self::transaction) is there only if all are.
pub struct Vault {
    pub(super) connection: Connection,
    pub(super) keys: Keyring,
    pub(super) manifest_key: hmac::Key,
    pub(super) manifest: Manifest,
    pub(super) device: Device,
    pub(super) mooring: RollbackGuard,
    /// Something was deleted and may still stand in the log.
    pub(super) purge_due: bool,
    pub(super) log: LogName,
}

impl Vault {
    /// Makes a new, empty vault at `path` and opens it. Asks the keystore to wrap once and to unwrap twice.
    ///
    /// The file appears under its name when it is whole; a crash half way leaves at most files named `.tegata-….new…`
    /// beside it.
    ///
    /// # Errors
    /// `AlreadyExists` if there is a file at `path`, or the log of one: nothing is ever overwritten. Otherwise those of
    /// the keystore, `Storage` and `Random`.
    pub fn create(path: &Path, device: &Device) -> Result<Self, VaultError> {
        if database::in_the_way(path)? {
            return Err(VaultError::AlreadyExists);
        }
        let random = &*device.random;
        let vault = VaultId::make(random)?;
        let key = DataKey::make(random)?;
        let generation = key.generation();
        let wrapped = key.wrap(&vault, &*device.keystore)?;
        let keys = Keyring::new(vault, vec![key]).ok_or(VaultError::Corrupt)?;
        let manifest = Manifest::empty(generation);
        let sealed = seal_manifest(&keys, &manifest, random)?;

        let file = durable::beside(path).map_err(|error| database::storage(&error))?;
        let file = file.into_temp_path();
        database::build(&file, &vault, generation, &wrapped, (manifest.epoch, &sealed))?;
        durable::put_in_place(file, path).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => VaultError::AlreadyExists,
            _ => database::storage(&error),
        })?;
        Self::open(path, device)
    }

    /// Opens the vault at `path` and checks all of it: that every row is the one written last, none missing and none
    /// added, and by the anchor that the file is the one written last. Costs one unwrapping per key generation, one
    /// look at the anchor and one HMAC per record; decrypts the manifest only, so that what is wrong inside of a record
    /// is found when that is read.
    ///
    /// # Errors
    /// `NotFound`, `InUse`, `Corrupt`, `NewerFormat`, `RolledBack`, `Storage`, and those of keystore and anchor. No
    /// file is changed on any of them.
    pub fn open(path: &Path, device: &Device) -> Result<Self, VaultError> {
        Self::open_with(path, device, migrate::STEPS)
    }

    pub(super) fn open_with(
        path: &Path,
        device: &Device,
        steps: &[Step],
    ) -> Result<Self, VaultError> {
        let mut vault = Self::read(path, device, steps)?;
        vault.mooring.find(vault.manifest.epoch)?;
        database::found_whole(&vault.connection)?;
        vault.migrate(steps)?;
        Ok(vault)
    }

    /// All of opening but the question whether this is the file written last.
    pub(super) fn read(path: &Path, device: &Device, steps: &[Step]) -> Result<Self, VaultError> {
        let connection = database::open(path)?;
        let (format, vault) = database::identify(&connection, migrate::newest(steps))?;
        let keystore = &*device.keystore;
        let keys = database::wrapped_keys(&connection)?
            .iter()
            .map(|(generation, wrapped)| DataKey::unwrap(&vault, *generation, wrapped, keystore))
            .collect::<Result<_, _>>()?;
        let keys = Keyring::new(vault, keys).ok_or(VaultError::Corrupt)?;
        let manifest_key = keys.oldest().manifest_key();
        let manifest = check_records(&connection, format, &keys, &manifest_key)?;
        let mooring = RollbackGuard::load(device.anchor.clone(), vault)?;
        Ok(Self {
            connection,
            keys,
            manifest_key,
            manifest,
            device: device.clone(),
            mooring,
            purge_due: false,
            log: LogName { beside: path.to_owned(), durable: false },
        })
    }

    /// Closes the file, its log folded into it. Dropping a vault does the same and cannot tell whether it worked.
    ///
    /// # Errors
    /// `Storage`, and those of the anchor; all that was written is safe in the log even then.
    pub fn close(mut self) -> Result<(), VaultError> {
        self.mooring.settle()?;
        if self.purge_due {
            database::purge(&self.connection)?;
        }
        self.connection.close().map_err(|(_, error)| error.into())
    }

    /// Removes the vault at `path` with all its files, whatever state they are in. There is no way back.
    ///
    /// # Errors
    /// `InUse`, `NotFound` if there was nothing, `Storage`.
    pub fn destroy(path: &Path) -> Result<(), VaultError> {
        database::remove(path)
    }

    /// The vault's id.
    #[must_use]
    pub fn id(&self) -> &VaultId {
        self.keys.vault()
    }

    /// What guards the vault's key, and signs for the device.
    pub(crate) fn keystore(&self) -> &dyn Keystore {
        &*self.device.keystore
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.manifest.records
    }

    /// Whether there are no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.manifest.records == 0
    }

    /// The record `id`, or `None` if there is none.
    ///
    /// # Errors
    /// `WrongKind` if it holds something else than a `T`; `Corrupt`, `NewerFormat`, `Storage`.
    pub fn get<T: RecordKind>(&self, id: &RecordId) -> Result<Option<T>, VaultError> {
        get(&self.connection, &self.keys, id)
    }

    /// All records that hold a `T`, by id. Decrypts every record, since only that tells what it holds.
    ///
    /// # Errors
    /// `Corrupt`, `NewerFormat`, `Storage`.
    pub fn list<T: RecordKind>(&self) -> Result<Vec<(RecordId, T)>, VaultError> {
        list(&self.connection, &self.keys)
    }

    /// Stores `item` as a new record, in a transaction of its own.
    ///
    /// # Errors
    /// As [`Transaction::put`].
    pub fn add<T: RecordKind>(&mut self, item: &T) -> Result<RecordId, VaultError> {
        self.transaction(|transaction| transaction.add(item))
    }

    /// Stores `item` as the record `id`, new or in place of what was there, in a transaction of its own.
    ///
    /// # Errors
    /// As [`Transaction::put`].
    pub fn put<T: RecordKind>(&mut self, id: &RecordId, item: &T) -> Result<(), VaultError> {
        self.transaction(|transaction| transaction.put(id, item))
    }

    /// Deletes the record `id` in a transaction of its own; tells whether there was one.
    ///
    /// # Errors
    /// As [`Transaction::delete`].
    pub fn delete(&mut self, id: &RecordId) -> Result<bool, VaultError> {
        self.transaction(|transaction| transaction.delete(id))
    }

    /// Does `work` as one: if it gives an error, or anything fails up to the last step, the vault is as it was before.
    /// If `work` wrote nothing, nothing is written.
    ///
    /// What was written is anchored before this returns. If the anchor cannot be stored then, the write holds all the
    /// same, and the next transaction begins with it.
    ///
    /// # Errors
    /// What `work` gives; those of the anchor, before anything is done; `Storage` and `Random` from the end of the
    /// transaction.
    pub fn transaction<T, E: From<VaultError>>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.mooring.settle()?;
        let sql = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(VaultError::from)?;
        let mut transaction = Transaction {
            sql,
            keys: &self.keys,
            manifest_key: &self.manifest_key,
            manifest: self.manifest.clone(),
            random: &*self.device.random,
            wrote: false,
            deleted: false,
            failed: None,
        };
        // An error from here on drops the transaction, which rolls it back.
        let result = work(&mut transaction)?;
        if transaction.wrote {
            self.log.be_durable()?;
        }
        self.purge_due |= transaction.deleted;
        let wrote = transaction.wrote;
        self.manifest = transaction.commit()?;
        if wrote {
            self.mooring.committed(self.manifest.epoch);
        }
        // The deletion itself is done: what a full disk keeps from being purged now is purged with the next write, or
        // at the latest when the vault is closed.
        if self.purge_due && database::purge(&self.connection).is_ok() {
            self.purge_due = false;
        }
        Ok(result)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("records", &self.manifest.records).finish_non_exhaustive()
    }
}

/// The name of the file's log, which a commit may depend on.
pub(super) struct LogName {
    beside: PathBuf,
    durable: bool,
}

impl LogName {
    /// SQLite does this too, when it first syncs the log, and does not tell if it fails.
    pub(super) fn be_durable(&mut self) -> Result<(), VaultError> {
        if !self.durable {
            durable::sync_folder(&self.beside).map_err(|error| database::storage(&error))?;
            self.durable = true;
        }
        Ok(())
    }
}

/// Several reads and writes that happen together or not at all.
pub struct Transaction<'a> {
    sql: rusqlite::Transaction<'a>,
    keys: &'a Keyring,
    manifest_key: &'a hmac::Key,
    /// As it will be; taken over by the vault after the commit.
    pub(super) manifest: Manifest,
    pub(super) random: &'a dyn Random,
    pub(super) wrote: bool,
    pub(super) deleted: bool,
    /// The first failure of the disk. SQLite may have rolled back by itself then, so nothing more is written, even if
    /// the caller carries on.
    failed: Option<VaultError>,
}

impl Transaction<'_> {
    pub(crate) fn vault_id(&self) -> &VaultId {
        self.keys.vault()
    }

    /// Where ids and keys come from.
    pub(crate) fn random(&self) -> &dyn Random {
        self.random
    }

    /// As [`Vault::get`]; sees what this transaction has written.
    ///
    /// # Errors
    /// As [`Vault::get`].
    pub fn get<T: RecordKind>(&self, id: &RecordId) -> Result<Option<T>, VaultError> {
        get(&self.sql, self.keys, id)
    }

    /// As [`Vault::list`]; sees what this transaction has written.
    ///
    /// # Errors
    /// As [`Vault::list`].
    pub fn list<T: RecordKind>(&self) -> Result<Vec<(RecordId, T)>, VaultError> {
        list(&self.sql, self.keys)
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

    /// Seals a record anew under the current key, whatever its kind.
    pub(super) fn reseal(&mut self, id: &RecordId) -> Result<(), VaultError> {
        let data = read_data(&self.sql, self.keys, id)?.ok_or(VaultError::Corrupt)?;
        self.put_data(id, &data)
    }

    /// As [`put`](Self::put), of data that a record holds already.
    fn put_data(&mut self, id: &RecordId, data: &[u8]) -> Result<(), VaultError> {
        let before = self.entry(id)?;
        let rev = before.map_or(1, |(rev, _)| rev + 1);
        let sealed = record::seal(self.keys, id, rev, data, self.random)?;
        self.write(PUT, (id.as_bytes(), database::to_integer(rev)?, &sealed))?;

        let after = Sealed::parse(&sealed).ok_or(VaultError::Corrupt)?;
        self.manifest.toggle(&manifest::entry(self.manifest_key, id, rev, &after));
        match before {
            Some((_, entry)) => self.manifest.toggle(&entry),
            None => self.manifest.records += 1,
        }
        Ok(())
    }

    /// Deletes the record `id`; tells whether there was one.
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

    /// Revision and manifest entry of a record as it is now.
    fn entry(&self, id: &RecordId) -> Result<Option<(u64, [u8; 32])>, VaultError> {
        find(&self.sql, id, |rev, sealed| {
            Ok((rev, manifest::entry(self.manifest_key, id, rev, &sealed)))
        })
    }

    /// Writes one row.
    pub(super) fn write(
        &mut self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<(), VaultError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        let written = self.sql.prepare_cached(sql).and_then(|mut row| row.execute(values));
        let written = match written {
            Ok(1) => Ok(()),
            Ok(_) => Err(VaultError::Corrupt),
            Err(error) => Err(error.into()),
        };
        self.failed = written.clone().err();
        self.wrote = true;
        written
    }

    /// Writes the manifest if anything was written, and commits; gives the manifest that now holds.
    fn commit(mut self) -> Result<Manifest, VaultError> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        if self.wrote {
            self.manifest.epoch += 1;
            let sealed = seal_manifest(self.keys, &self.manifest, self.random)?;
            let epoch = database::to_integer(self.manifest.epoch)?;
            self.write(PUT, (RecordId::MANIFEST.as_bytes(), epoch, &sealed))?;
        }
        self.sql.commit()?;
        Ok(self.manifest)
    }
}

const PUT: &str = "INSERT INTO record VALUES (?1, ?2, ?3)
    ON CONFLICT (id) DO UPDATE SET rev = excluded.rev, sealed = excluded.sealed";

fn get<T: RecordKind>(
    connection: &Connection,
    keys: &Keyring,
    id: &RecordId,
) -> Result<Option<T>, VaultError> {
    let Some(data) = read_data(connection, keys, id)? else { return Ok(None) };
    kinds::decode(&data)?.map(Some).ok_or(VaultError::WrongKind)
}

/// What a record holds, whatever its kind.
fn read_data(
    connection: &Connection,
    keys: &Keyring,
    id: &RecordId,
) -> Result<Option<Zeroizing<Vec<u8>>>, VaultError> {
    find(connection, id, |rev, sealed| sealed.open(keys, id, rev))
}

fn list<T: RecordKind>(
    connection: &Connection,
    keys: &Keyring,
) -> Result<Vec<(RecordId, T)>, VaultError> {
    let mut found = Vec::new();
    each_record(connection, |id, rev, sealed| {
        if id != RecordId::MANIFEST
            && let Some(item) = kinds::decode(&sealed.open(keys, &id, rev)?)?
        {
            found.push((id, item));
        }
        Ok(())
    })?;
    Ok(found)
}

fn seal_manifest(
    keys: &Keyring,
    manifest: &Manifest,
    random: &dyn Random,
) -> Result<Vec<u8>, VaultError> {
    record::seal(keys, &RecordId::MANIFEST, manifest.epoch, &manifest.encode()?, random)
}

/// Reads the manifest, then holds all rows against it in one pass.
fn check_records(
    connection: &Connection,
    format: u32,
    keys: &Keyring,
    manifest_key: &hmac::Key,
) -> Result<Manifest, VaultError> {
    let mut expected = None;
    let generations = keys.generations();
    let mut seen = Manifest { format, epoch: 0, records: 0, generations, xor: [0; 32] };
    let mut last = RecordId::MANIFEST;
    each_record(connection, |id, rev, sealed| {
        if expected.is_none() {
            // The id of the manifest is the lowest there is, so it comes first or is missing.
            if id != RecordId::MANIFEST {
                return Err(VaultError::Corrupt);
            }
            expected = Some(Manifest::decode(&sealed.open(keys, &id, rev)?)?);
            seen.epoch = rev;
            return Ok(());
        }
        // Twice the same row would cancel itself out in the XOR.
        if id <= last || keys.find(sealed.generation).is_none() {
            return Err(VaultError::Corrupt);
        }
        last = id;
        seen.records += 1;
        seen.toggle(&manifest::entry(manifest_key, &id, rev, &sealed));
        Ok(())
    })?;
    expected.filter(|manifest| *manifest == seen).ok_or(VaultError::Corrupt)
}

/// Reads one row, if it is there.
fn find<T>(
    connection: &Connection,
    id: &RecordId,
    read: impl FnOnce(u64, Sealed<'_>) -> Result<T, VaultError>,
) -> Result<Option<T>, VaultError> {
    let mut row = connection.prepare_cached("SELECT rev, sealed FROM record WHERE id = ?1")?;
    let mut rows = row.query([id.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let sealed = Sealed::parse(database::blob(row, 1)?).ok_or(VaultError::Corrupt)?;
    read(database::revision(row, 0)?, sealed).map(Some)
}

/// Reads all rows by ascending id, the manifest's first.
pub(super) fn each_record(
    connection: &Connection,
    mut read: impl FnMut(RecordId, u64, Sealed<'_>) -> Result<(), VaultError>,
) -> Result<(), VaultError> {
    let mut all = connection.prepare_cached("SELECT id, rev, sealed FROM record ORDER BY id")?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        let id = RecordId::from_row(database::blob(row, 0)?).ok_or(VaultError::Corrupt)?;
        let sealed = Sealed::parse(database::blob(row, 2)?).ok_or(VaultError::Corrupt)?;
        read(id, database::revision(row, 1)?, sealed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Argon2Params, Setting, SoftwareKeystore};
    use super::*;
    use std::sync::Arc;

    use crate::{SystemClock, SystemRandom};

    #[test]
    fn a_full_disk_undoes_the_transaction_even_if_the_host_carries_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault");
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new());
        let keystore = SoftwareKeystore::create(
            &folder.path().join("keystore"),
            b"p",
            Argon2Params::new(8, 1, 1).unwrap(),
            Arc::clone(&random),
        )
        .unwrap();
        let keystore = Arc::new(keystore);
        let device = Device { keystore, anchor: None, clock: Arc::new(SystemClock), random };
        let mut vault = Vault::create(&path, &device).unwrap();
        let small = Setting { name: "a".into(), value: "1".into() };
        let large = Setting { name: "b".into(), value: "2".repeat(4096) };
        let id = vault.add(&small).unwrap();

        let pages = |most: u32| {
            let sql = format!("PRAGMA max_page_count = {most}");
            move |vault: &Vault| vault.connection.query_row(&sql, [], |_| Ok(())).unwrap()
        };
        pages(8)(&vault);
        let full = VaultError::Storage("the disk is full");
        let result = vault.transaction(|transaction| {
            transaction.delete(&id)?;
            let mut refused = Ok(id);
            while refused.is_ok() {
                refused = transaction.add(&large);
            }
            assert_eq!(refused, Err(full.clone()));
            // A host that does not look at the answer.
            assert_eq!(transaction.add(&small), Err(full.clone()));
            Ok::<(), VaultError>(())
        });
        assert_eq!(result, Err(full));
        assert_eq!(vault.list(), Ok(vec![(id, small.clone())]));

        pages(1000)(&vault);
        vault.add(&large).unwrap();
        vault.close().unwrap();
        assert_eq!(Vault::open(&path, &device).unwrap().len(), 2);
    }
}
