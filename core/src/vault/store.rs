//! The open vault: read it, write it, close it.

use std::fmt;
use std::path::Path;
use std::sync::Weak;

use ring::hmac;
use rusqlite::{Connection, TransactionBehavior};

use super::database::{self, LogName};
use super::device::Device;
use super::error::VaultError;
use super::ids::{RecordId, VaultId};
use super::keys::Keyring;
use super::keystore::Keystore;
use super::kinds::RecordKind;
use super::manifest::Manifest;
use super::open_lock::OpenLock;
use super::rollback::RollbackGuard;
use super::rows;
use super::transaction::Transaction;

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
    pub(super) rollback_guard: RollbackGuard,
    /// Something was deleted and may still be in the log.
    pub(super) purge_due: bool,
    pub(super) log: LogName,
    /// The payment lock's key while somebody holds an unlock token.
    pub(super) open_lock: Weak<OpenLock>,
}

impl Vault {
    /// Closes the file, its log folded into it. Dropping a vault does the same but cannot report an error.
    ///
    /// # Errors
    /// `Storage`, and those of the anchor; all that was written is safe in the log even then.
    pub fn close(mut self) -> Result<(), VaultError> {
        self.rollback_guard.store_pending()?;
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

    /// The id of the vault, for good.
    #[must_use]
    pub fn id(&self) -> &VaultId {
        self.keys.vault()
    }

    /// The keystore, which wraps the vault's key and signs for the device.
    pub(crate) fn keystore(&self) -> &dyn Keystore {
        &*self.device.keystore
    }

    /// The number of records, of all kinds.
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
        rows::get(&self.connection, &self.keys, id)
    }

    /// All records that hold a `T`, by id. Decrypts every record, since only that shows its kind.
    ///
    /// # Errors
    /// `Corrupt`, `NewerFormat`, `Storage`.
    pub fn list<T: RecordKind>(&self) -> Result<Vec<(RecordId, T)>, VaultError> {
        rows::list(&self.connection, &self.keys)
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

    /// Deletes the record `id` in a transaction of its own; returns whether there was one.
    ///
    /// # Errors
    /// As [`Transaction::delete`].
    pub fn delete(&mut self, id: &RecordId) -> Result<bool, VaultError> {
        self.transaction(|transaction| transaction.delete(id))
    }

    /// Runs `work` as one unit: if it returns an error, or anything fails up to the last step, nothing is changed.
    /// If `work` wrote nothing, nothing is written.
    ///
    /// The write is anchored before this returns. If the anchor cannot be stored then, the write holds all the same,
    /// and the next transaction begins with it.
    ///
    /// # Errors
    /// What `work` returns; those of the anchor, before anything is done; `Storage` and `Random` from the end of the
    /// transaction.
    pub fn transaction<T, E: From<VaultError>>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.rollback_guard.store_pending()?;
        let sql = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(VaultError::from)?;
        let mut transaction = Transaction::new(
            sql,
            &self.keys,
            &self.manifest_key,
            self.manifest.clone(),
            &*self.device.random,
        );
        // An error from here on drops the transaction, which rolls it back.
        let result = work(&mut transaction)?;
        if transaction.wrote {
            self.log.sync()?;
        }
        self.purge_due |= transaction.deleted;
        let wrote = transaction.wrote;
        self.manifest = transaction.commit()?;
        if wrote {
            self.rollback_guard.record_commit(self.manifest.epoch);
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

#[cfg(test)]
mod tests {
    use super::super::{Argon2Params, Setting, SoftwareKeystore};
    use super::*;
    use std::sync::Arc;

    use crate::{Random, SystemClock, SystemRandom};

    #[test]
    fn a_full_disk_rolls_back_even_if_the_host_continues() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault");
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new());
        let created = SoftwareKeystore::create(
            &folder.path().join("keystore"),
            b"p",
            Argon2Params::new(8, 1, 1).unwrap(),
            Arc::clone(&random),
        )
        .unwrap();
        let keystore = Arc::new(created);
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
            // A host that ignores the error.
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
