//! What tests of other languages need and no app gets.

use std::sync::Arc;

use tegata::vault::{Keystore as _, KeystoreError, VaultError};

use crate::{DeviceKeystore, WalletError, WalletHandle, keystore};

/// Panics inside of the wallet, with this text: a test looks for it in what arrives.
#[uniffi::export]
#[expect(clippy::panic, reason = "it is what this is for")]
pub(crate) fn panic_inside(wallet: &WalletHandle, secret: String) -> Result<(), WalletError> {
    wallet.inside().with(|_| -> Result<(), WalletError> { panic!("{secret}") })
}

/// The device's public key, as the core gets it from the host's keystore: no wallet asks for it yet.
#[uniffi::export]
pub(crate) fn public_key_inside(keystore: Arc<dyn DeviceKeystore>) -> Result<Vec<u8>, WalletError> {
    let key = keystore::Hosted(keystore).public_key().map_err(refused)?;
    Ok(key.to_vec())
}

/// The device's signature, as the core gets it from the host's keystore: no wallet asks for one yet.
#[uniffi::export]
pub(crate) fn sign_inside(
    keystore: Arc<dyn DeviceKeystore>,
    message: Vec<u8>,
) -> Result<Vec<u8>, WalletError> {
    keystore::Hosted(keystore).sign(&message).map_err(refused)
}

fn refused(error: KeystoreError) -> WalletError {
    tegata::Error::from(VaultError::from(error)).into()
}
