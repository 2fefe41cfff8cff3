//! Opening a vault: a new one, one that is there, and one that was rolled back.

use std::path::Path;
use std::sync::Weak;

use super::database::{self, LogName};
use super::device::Device;
use super::durable;
use super::error::VaultError;
use super::ids::VaultId;
use super::keys::{DataKey, Keyring};
use super::manifest::Manifest;
use super::migrate::{self, Step};
use super::rollback::RollbackGuard;
use super::rows;
use super::store::Vault;

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
        if database::is_occupied(path)? {
            return Err(VaultError::AlreadyExists);
        }
        let random = &*device.random;
        let vault = VaultId::make(random)?;
        let key = DataKey::make(random)?;
        let generation = key.generation();
        let wrapped = key.wrap(&vault, &*device.keystore)?;
        let keys = Keyring::new(vault, vec![key]).ok_or(VaultError::Corrupt)?;
        let manifest = Manifest::empty(generation);
        let sealed = rows::seal_manifest(&keys, &manifest, random)?;

        let file =
            durable::create_temporary(path).map_err(|error| database::storage_error(&error))?;
        let file = file.into_temp_path();
        database::create(&file, &vault, generation, &wrapped, (manifest.epoch, &sealed))?;
        durable::persist_new(file, path).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => VaultError::AlreadyExists,
            _ => database::storage_error(&error),
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
        let mut vault = Self::open_unchecked(path, device, steps)?;
        vault.rollback_guard.check_epoch(vault.manifest.epoch)?;
        database::allow_checkpoint_on_close(&vault.connection)?;
        vault.migrate(steps)?;
        Ok(vault)
    }

    /// Opens without the check that this is the file written last.
    pub(super) fn open_unchecked(
        path: &Path,
        device: &Device,
        steps: &[Step],
    ) -> Result<Self, VaultError> {
        let connection = database::open(path)?;
        let (format, vault) = database::identify(&connection, migrate::newest(steps))?;
        let keystore = &*device.keystore;
        let data_keys = database::wrapped_keys(&connection)?
            .iter()
            .map(|(generation, wrapped)| DataKey::unwrap(&vault, *generation, wrapped, keystore))
            .collect::<Result<_, _>>()?;
        let keys = Keyring::new(vault, data_keys).ok_or(VaultError::Corrupt)?;
        let manifest_key = keys.oldest().manifest_key();
        let manifest = rows::check_records(&connection, format, &keys, &manifest_key)?;
        let rollback_guard = RollbackGuard::load(device.anchor.clone(), vault)?;
        Ok(Self {
            connection,
            keys,
            manifest_key,
            manifest,
            device: device.clone(),
            rollback_guard,
            purge_due: false,
            log: LogName::new(path),
            open_lock: Weak::new(),
        })
    }

    /// Opens the vault at `path` although an older copy was put back, because the owner says so: after a restored
    /// backup, for example. Drops the payment credentials, the payment lock and what was under it, since counters and
    /// PIN are not the last ones, and keeps second factors, passes and all else as the older copy has them. A vault that was not rolled back
    /// is opened as [`open`](Self::open) opens it, and nothing is dropped.
    ///
    /// # Errors
    /// Those of [`open`](Self::open) but `RolledBack`; those of the anchor if it does not hold the new epoch when this
    /// would return: the vault is whole then, and can be opened either way.
    pub fn open_rolled_back(path: &Path, device: &Device) -> Result<Self, VaultError> {
        let mut vault = Self::open_unchecked(path, device, migrate::STEPS)?;
        let anchored = vault.rollback_guard.anchored_epoch();
        let found = vault.rollback_guard.check_epoch(vault.manifest.epoch);
        database::allow_checkpoint_on_close(&vault.connection)?;
        if found == Err(VaultError::RolledBack) {
            vault.transaction(|transaction| {
                transaction.drop_payments()?;
                // One more than either: whatever copy there is, it is not the last one any more.
                transaction.manifest.epoch = transaction.manifest.epoch.max(anchored);
                transaction.wrote = true;
                Ok::<_, VaultError>(())
            })?;
            vault.rollback_guard.set_failed_pin_tries(0)?;
        }
        vault.migrate(migrate::STEPS)?;
        Ok(vault)
    }
}
