//! The door.

use std::path::Path;
use std::sync::Arc;

use crate::open::{Open, guarded};
use crate::{Device, DeviceKeystore, OtpCredentials, Passes, Payments, WalletError, keystore};

/// An open wallet: a sealed file of credentials and passes. All of it can be called from any thread; calls wait for
/// each other. Each language has a `Wallet` of its own around it, which is closed as that language closes things.
#[derive(uniffi::Object)]
pub struct WalletHandle(Arc<Open>);

#[uniffi::export]
impl WalletHandle {
    /// Makes a new, empty wallet at this path and opens it. Nothing is overwritten.
    #[uniffi::constructor]
    pub fn create(path: String, device: Device) -> Result<Self, WalletError> {
        enter(tegata::Wallet::create, &path, device)
    }

    /// Opens the wallet at this path, and checks that nothing in it was altered and that it is not an older copy.
    /// Whatever this throws, no file was changed and no key made anew.
    #[uniffi::constructor]
    pub fn open(path: String, device: Device) -> Result<Self, WalletError> {
        enter(tegata::Wallet::open, &path, device)
    }

    /// Opens the wallet although it is an older copy, for a person who says so. Payment credentials and their lock
    /// are dropped, and provisioned anew by the issuer; passes and one-time passwords stay as the copy has them.
    #[uniffi::constructor]
    pub fn adopt(path: String, device: Device) -> Result<Self, WalletError> {
        enter(tegata::Wallet::open_rolled_back, &path, device)
    }

    /// Closes the file. Whatever is called afterwards fails with `Closed`; closing twice does nothing.
    pub fn shut(&self) -> Result<(), WalletError> {
        let wallet = self.0.take();
        guarded(|| wallet.map_or(Ok(()), tegata::Wallet::close))
    }

    /// The room of payment credentials and their codes.
    #[must_use]
    pub fn payments(&self) -> Arc<Payments> {
        Arc::new(Payments(Arc::clone(&self.0)))
    }

    /// The room of one-time passwords of any service.
    #[must_use]
    pub fn otp_credentials(&self) -> Arc<OtpCredentials> {
        Arc::new(OtpCredentials(Arc::clone(&self.0)))
    }

    /// The room of passes that others issued.
    #[must_use]
    pub fn passes(&self) -> Arc<Passes> {
        Arc::new(Passes(Arc::clone(&self.0)))
    }

    /// Has another keystore guard the wallet from now on. Cheap: one row is written. Refused while a PIN is set, which
    /// only the present keystore knows.
    pub fn rewrap(&self, keystore: Arc<dyn DeviceKeystore>) -> Result<(), WalletError> {
        self.0.with(|wallet| wallet.change_keystore(Arc::new(keystore::Hosted(keystore))))
    }

    /// Seals everything anew under a new key, for when the old one may have leaked. If it is broken off, call it again.
    pub fn replace_key(&self) -> Result<(), WalletError> {
        self.0.with(tegata::Wallet::rekey)
    }

    /// Whether `replace_key` was broken off and is to be called again.
    pub fn replacing_key(&self) -> Result<bool, WalletError> {
        self.0.with(|wallet| Ok::<_, WalletError>(wallet.is_rekeying()))
    }
}

#[cfg(feature = "account")]
#[uniffi::export]
impl WalletHandle {
    /// The room of the shopper's account at an issuer.
    #[must_use]
    pub fn account(&self) -> Arc<crate::Account> {
        Arc::new(crate::Account(Arc::clone(&self.0)))
    }

    /// The room of passes and one-time passwords on their way to another phone, or from one.
    #[must_use]
    pub fn moving(&self) -> Arc<crate::Moving> {
        Arc::new(crate::Moving(Arc::clone(&self.0)))
    }
}

/// Removes the wallet at this path for good, whatever state it is in. Costs a new provisioning, never money.
#[uniffi::export]
pub fn destroy_wallet(path: String) -> Result<(), WalletError> {
    guarded(|| tegata::Wallet::destroy(Path::new(&path)))
}

fn enter(
    open: fn(&Path, &tegata::Device) -> Result<tegata::Wallet, tegata::Error>,
    path: &str,
    device: Device,
) -> Result<WalletHandle, WalletError> {
    let device = device.into();
    let wallet = guarded(|| open(Path::new(path), &device))?;
    Ok(WalletHandle(Arc::new(Open::new(wallet, device.clock))))
}

#[cfg(feature = "testing")]
impl WalletHandle {
    pub(crate) fn inside(&self) -> &Open {
        &self.0
    }
}
