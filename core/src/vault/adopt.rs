//! Taking over a vault that was rolled back.

use std::path::Path;

use super::{Vault, VaultError, database, migrate};
use crate::Device;

impl Vault {
    /// Opens the vault at `path` although an older copy was put back, for a person who says so: after a restored
    /// backup, say. Drops the payment credentials and the payment lock, since counters and PIN are not the last ones,
    /// and keeps second factors, passes and all else as the older copy has them. A vault that was not rolled back is
    /// opened as [`open`](Self::open) opens it, and nothing is dropped.
    ///
    /// # Errors
    /// Those of [`open`](Self::open) but `RolledBack`; those of the anchor if it does not hold the new epoch when this
    /// would return: the vault is whole then, and still to be adopted or opened.
    pub fn open_rolled_back(path: &Path, device: &Device) -> Result<Self, VaultError> {
        let mut vault = Self::read(path, device, migrate::STEPS)?;
        let anchored = vault.mooring.epoch();
        let found = vault.mooring.find(vault.manifest.epoch);
        database::found_whole(&vault.connection)?;
        if found == Err(VaultError::RolledBack) {
            vault.transaction(|transaction| {
                transaction.drop_payments()?;
                // One more than either: whatever copy there is, it is not the last one any more.
                transaction.manifest.epoch = transaction.manifest.epoch.max(anchored);
                transaction.wrote = true;
                Ok::<_, VaultError>(())
            })?;
            vault.mooring.count_pin_tries(0)?;
        }
        vault.migrate(migrate::STEPS)?;
        Ok(vault)
    }
}
