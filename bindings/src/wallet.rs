//! The open wallet: its file, and a handle for each feature.

use std::path::Path;
use std::sync::Arc;

use crate::keystore::ForeignKeystore;
use crate::shared_wallet::{SharedWallet, guarded};
use crate::{Device, Keystore, OtpCredentials, Passes, Payments, WalletError};

/// An open wallet: a sealed file of credentials and passes. All of it can be called from any thread; calls wait for
/// each other. Each language wraps it in a `Wallet` of its own, which is closed as that language closes things.
#[derive(uniffi::Object)]
pub struct WalletHandle(Arc<SharedWallet>);

#[uniffi::export]
impl WalletHandle {
    /// Makes a new, empty wallet at this path and opens it. Nothing is overwritten.
    #[uniffi::constructor]
    pub fn create(path: String, device: Device) -> Result<Self, WalletError> {
        open_with(tegata::Wallet::create, &path, device)
    }

    /// Opens the wallet at this path, and checks that nothing in it was altered and that it is not an older copy.
    /// Whatever this throws, no file was changed and no key was replaced.
    #[uniffi::constructor]
    pub fn open(path: String, device: Device) -> Result<Self, WalletError> {
        open_with(tegata::Wallet::open, &path, device)
    }

    /// Opens the wallet although it is an older copy, when its owner says so. Payment credentials and their lock are
    /// dropped, for the issuer to provision again; passes and one-time passwords stay as the copy has them.
    #[uniffi::constructor]
    pub fn open_rolled_back(path: String, device: Device) -> Result<Self, WalletError> {
        open_with(tegata::Wallet::open_rolled_back, &path, device)
    }

    /// Closes the file. Whatever is called afterwards fails with `Closed`; closing twice does nothing.
    pub fn close_file(&self) -> Result<(), WalletError> {
        let wallet = self.0.take();
        guarded(|| wallet.map_or(Ok(()), tegata::Wallet::close))
    }

    /// Gives the handle for payment credentials and their codes.
    #[must_use]
    pub fn payments(&self) -> Arc<Payments> {
        Arc::new(Payments(Arc::clone(&self.0)))
    }

    /// Gives the handle for one-time passwords of any service.
    #[must_use]
    pub fn otp_credentials(&self) -> Arc<OtpCredentials> {
        Arc::new(OtpCredentials(Arc::clone(&self.0)))
    }

    /// Gives the handle for passes that others issued.
    #[must_use]
    pub fn passes(&self) -> Arc<Passes> {
        Arc::new(Passes(Arc::clone(&self.0)))
    }

    /// Has another keystore protect the wallet from now on. Cheap: one row is written. Refused while a PIN is set, which
    /// only the present keystore can check.
    pub fn change_keystore(&self, keystore: Arc<dyn Keystore>) -> Result<(), WalletError> {
        self.0.with(|wallet| wallet.change_keystore(Arc::new(ForeignKeystore(keystore))))
    }

    /// Encrypts everything again under a new key, for when the old one may have leaked. If it is interrupted, call it
    /// again.
    pub fn rekey(&self) -> Result<(), WalletError> {
        self.0.with(tegata::Wallet::rekey)
    }

    /// Tells whether `rekey` was interrupted and is to be called again.
    pub fn is_rekeying(&self) -> Result<bool, WalletError> {
        self.0.with(|wallet| Ok::<_, WalletError>(wallet.is_rekeying()))
    }
}

#[cfg(feature = "account")]
#[uniffi::export]
impl WalletHandle {
    /// Gives the handle for the owner's account at an issuer.
    #[must_use]
    pub fn account(&self) -> Arc<crate::Account> {
        Arc::new(crate::Account(Arc::clone(&self.0)))
    }

    /// Gives the handle for transfers of passes and one-time passwords to another phone, or from one.
    #[must_use]
    pub fn transfer(&self) -> Arc<crate::Transfer> {
        Arc::new(crate::Transfer(Arc::clone(&self.0)))
    }
}

/// Removes the wallet at this path for good, whatever state it is in. Costs a new provisioning, never money.
#[uniffi::export]
pub fn destroy_wallet(path: String) -> Result<(), WalletError> {
    guarded(|| tegata::Wallet::destroy(Path::new(&path)))
}

fn open_with(
    open: fn(&Path, &tegata::Device) -> Result<tegata::Wallet, tegata::Error>,
    path: &str,
    device: Device,
) -> Result<WalletHandle, WalletError> {
    let device = device.into();
    let wallet = guarded(|| open(Path::new(path), &device))?;
    Ok(WalletHandle(Arc::new(SharedWallet::new(wallet, device.clock))))
}

#[cfg(feature = "testing")]
impl WalletHandle {
    pub(crate) fn shared(&self) -> &SharedWallet {
        &self.0
    }
}
