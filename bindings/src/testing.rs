//! What tests of other languages need and no app gets.

use std::path::Path;
use std::sync::Arc;

use tegata::SystemRandom;
use tegata::vault::{Argon2Params, Keystore as _, KeystoreError, SoftwareKeystore, VaultError};

use crate::{Keystore, WalletError, WalletHandle, keystore};

/// Panics inside of the wallet, with this text: a test looks for it in what arrives.
#[uniffi::export]
#[expect(clippy::panic, reason = "it is what this is for")]
pub(crate) fn panic_inside(wallet: &WalletHandle, secret: String) -> Result<(), WalletError> {
    wallet.shared().with(|_| -> Result<(), WalletError> { panic!("{secret}") })
}

/// A key that signs as a device's does, for keystores of tests in languages that have no cryptography at hand.
#[derive(uniffi::Object)]
pub(crate) struct TestKey(SoftwareKeystore);

#[uniffi::export]
impl TestKey {
    /// A new one, in a file at this path.
    #[uniffi::constructor]
    pub(crate) fn new(path: String) -> Result<Self, WalletError> {
        let random = Arc::new(SystemRandom::new());
        let cheap = Argon2Params::new(8, 1, 1).map_err(WalletError::invalid)?;
        let made = SoftwareKeystore::create(Path::new(&path), b"test", cheap, random);
        made.map(Self).map_err(WalletError::invalid)
    }

    /// P-256, SEC1 uncompressed.
    pub(crate) fn public_key(&self) -> Result<Vec<u8>, WalletError> {
        self.0.public_key().map(Into::into).map_err(refused)
    }

    /// Makes another key in place of this one.
    pub(crate) fn replace(&self) -> Result<(), WalletError> {
        self.0.replace_signing_key().map_err(refused)
    }

    /// ECDSA with SHA-256, DER.
    pub(crate) fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, WalletError> {
        self.0.sign(&message).map_err(refused)
    }
}

/// The device's public key, as the core gets it from the host's keystore: no wallet asks for it yet.
#[uniffi::export]
pub(crate) fn public_key_inside(keystore: Arc<dyn Keystore>) -> Result<Vec<u8>, WalletError> {
    let key = keystore::ForeignKeystore(keystore).public_key().map_err(refused)?;
    Ok(key.to_vec())
}

/// The device's signature, as the core gets it from the host's keystore: no wallet asks for one yet.
#[uniffi::export]
pub(crate) fn sign_inside(
    keystore: Arc<dyn Keystore>,
    message: Vec<u8>,
) -> Result<Vec<u8>, WalletError> {
    keystore::ForeignKeystore(keystore).sign(&message).map_err(refused)
}

fn refused(error: KeystoreError) -> WalletError {
    tegata::Error::from(VaultError::from(error)).into()
}
