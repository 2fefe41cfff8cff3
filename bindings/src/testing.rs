//! What tests of other languages need and no app gets.

use crate::{WalletError, WalletHandle};

/// Panics inside of the wallet, with this text: a test looks for it in what arrives.
#[uniffi::export]
#[expect(clippy::panic, reason = "it is what this is for")]
pub(crate) fn panic_inside(wallet: &WalletHandle, secret: String) -> Result<(), WalletError> {
    wallet.inside().with(|_| -> Result<(), WalletError> { panic!("{secret}") })
}
