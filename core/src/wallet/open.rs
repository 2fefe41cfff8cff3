//! The open wallet: making, opening and closing its file.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::error::Error;
use super::known_challenge::KnownChallenge;
use super::memory_secrets::MemorySecrets;
use crate::vault::{Keystore, RecordId, RecordKind, Vault, VaultError};
use crate::{Clock, Device, Random};

/// An open wallet: a sealed file of credentials and passes, and the clock that its codes are made by.
pub struct Wallet {
    pub(super) vault: Vault,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    /// The newest challenge of the issuer's.
    pub(super) challenge: KnownChallenge,
    pub(super) memory: MemorySecrets,
}

impl Wallet {
    /// Makes a new, empty wallet at `path` and opens it. The device's keystore wraps its key.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] if there is a file at `path`: nothing is overwritten. Otherwise those of the keystore.
    pub fn create(path: &Path, device: &Device) -> Result<Self, Error> {
        Ok(Self::on(Vault::create(path, device)?, device))
    }

    /// Opens the wallet at `path`, and checks that nothing in it was altered and that it is not an older copy. Well below
    /// a millisecond for a hundred credentials, the time of keystore and anchor apart.
    ///
    /// # Errors
    /// Each says what to do; none of them changes a file or replaces a key.
    pub fn open(path: &Path, device: &Device) -> Result<Self, Error> {
        Ok(Self::on(Vault::open(path, device)?, device))
    }

    /// Opens the wallet at `path` although it is an older copy, when its owner says so. Payment credentials, their lock,
    /// the session, the account's own second factor and the device's key are dropped, for the owner to log in again; other
    /// passes and one-time passwords stay as the copy has them.
    ///
    /// # Errors
    /// Those of [`open`](Self::open) but [`Error::RolledBack`].
    pub fn open_rolled_back(path: &Path, device: &Device) -> Result<Self, Error> {
        match Vault::open(path, device) {
            Err(VaultError::RolledBack) => {}
            opened => return Ok(Self::on(opened?, device)),
        }
        let mut wallet = Self::on(Vault::open_rolled_back(path, device)?, device);
        wallet.payments().remove_all()?;
        Ok(wallet)
    }

    fn on(vault: Vault, device: &Device) -> Self {
        let clock = Arc::clone(&device.clock);
        let random = Arc::clone(&device.random);
        let challenge = KnownChallenge::default();
        Self { vault, clock, random, challenge, memory: MemorySecrets::default() }
    }

    /// Has another keystore protect the wallet from now on. Cheap: one row is written.
    ///
    /// # Errors
    /// [`Error::Invalid`] while a PIN is set, which only the present keystore can check; those of both keystores.
    pub fn change_keystore(&mut self, keystore: Arc<dyn Keystore>) -> Result<(), Error> {
        Ok(self.vault.change_keystore(keystore)?)
    }

    /// Encrypts everything again under a new key, and refuses the old one from then on: for when the old key may have
    /// leaked. One durable write per record; if it is interrupted, call it again.
    ///
    /// # Errors
    /// [`Error::Failed`] and those of the keystore; nothing is lost then.
    pub fn rekey(&mut self) -> Result<(), Error> {
        Ok(self.vault.rekey()?)
    }

    /// Whether [`rekey`](Self::rekey) was interrupted and is to be called again.
    #[must_use]
    pub fn is_rekeying(&self) -> bool {
        self.vault.is_rekeying()
    }

    /// Closes the wallet. Dropping it does the same and cannot say whether it worked.
    ///
    /// # Errors
    /// [`Error::Failed`]; what was stored is safe even then.
    pub fn close(self) -> Result<(), Error> {
        Ok(self.vault.close()?)
    }

    /// Removes the wallet at `path` for good, whatever state it is in. Costs a new provisioning, never money.
    ///
    /// # Errors
    /// [`Error::NoWallet`], [`Error::InUse`], [`Error::Failed`].
    pub fn destroy(path: &Path) -> Result<(), Error> {
        Ok(Vault::destroy(path)?)
    }

    /// Removes a record if it holds a `T`: a handle must not remove records of another's.
    pub(super) fn remove<T: RecordKind>(&mut self, id: &RecordId) -> Result<(), Error> {
        self.vault.transaction(|tx| {
            tx.get::<T>(id)?.ok_or(Error::NotFound)?;
            tx.delete(id)?;
            Ok(())
        })
    }

    /// Counts the records of all kinds.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.vault.len()
    }

    /// Whether the wallet has no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vault.is_empty()
    }
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wallet").field("vault", &self.vault).finish_non_exhaustive()
    }
}
