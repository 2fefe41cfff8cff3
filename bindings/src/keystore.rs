//! The device's keystore, as a host writes it.

use std::sync::Arc;

use tegata::vault::{Keystore, KeystoreError};
use tegata::{Secret, SecretBytes};
use zeroize::Zeroizing;

/// Where a device keeps the keys that never leave it: Android Keystore, the iOS Keychain and Secure Enclave.
///
/// Calls are synchronous and may take as long as the hardware does; none of them waits for a finger. They come while
/// the wallet is busy, so they must not call it. A keystore never makes a key anew because one is missing: it says so.
#[uniffi::export(with_foreign)]
pub trait DeviceKeystore: Send + Sync {
    /// Seals up to 256 bytes so that only this keystore can open them. The answer is at most 4,096 bytes long.
    fn wrap(&self, plaintext: Vec<u8>) -> Result<Vec<u8>, KeystoreFailure>;

    /// Opens what `wrap` gave.
    fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, KeystoreFailure>;

    /// A keyed function of the input that cannot be computed outside of this keystore: 32 bytes, always the same for
    /// the same input. HMAC-SHA256 is one. A guess at a PIN costs one call.
    fn prf(&self, input: Vec<u8>) -> Result<Vec<u8>, KeystoreFailure>;

    /// The device's P-256 public key, SEC1 uncompressed: 65 bytes that begin with 04.
    fn public_key(&self) -> Result<Vec<u8>, KeystoreFailure>;

    /// An ECDSA P-256 signature over the message with SHA-256, in DER.
    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, KeystoreFailure>;
}

/// Why a keystore did not do as asked: what its methods throw. Whatever else they throw counts as `Undeclared`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum KeystoreFailure {
    /// Not now: the device is locked, or the keystore is not ready.
    #[error("the keystore is locked")]
    Locked,
    /// The key is not there.
    #[error("the keystore has no such key")]
    KeyMissing,
    /// The key is there and refuses for good, as after a change of the screen lock or of the enrolled fingers.
    #[error("the keystore has invalidated the key")]
    KeyInvalidated,
    /// What should be unwrapped was wrapped by another keystore.
    #[error("the key was wrapped on another device")]
    WrongDevice,
    /// What should be unwrapped was wrapped here, and has been damaged since.
    #[error("the wrapped key is damaged")]
    Damaged,
    /// Anything else.
    #[error("it cannot be used")]
    Failed,
    /// The keystore threw what is not one of these: a fault in its code. What that said is dropped.
    #[error("it threw an unexpected exception")]
    Undeclared,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeystoreFailure {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Undeclared
    }
}

impl From<KeystoreFailure> for KeystoreError {
    fn from(failure: KeystoreFailure) -> Self {
        match failure {
            KeystoreFailure::Locked => Self::Locked,
            KeystoreFailure::KeyMissing => Self::KeyMissing,
            KeystoreFailure::KeyInvalidated => Self::KeyInvalidated,
            KeystoreFailure::WrongDevice => Self::WrongDevice,
            KeystoreFailure::Damaged => Self::Damaged,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// A host's keystore, as the core asks one.
pub(crate) struct Hosted(pub(crate) Arc<dyn DeviceKeystore>);

impl Keystore for Hosted {
    fn wrap(&self, plaintext: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        Ok(self.0.wrap(plaintext.to_vec())?)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<SecretBytes, KeystoreError> {
        Ok(Zeroizing::new(self.0.unwrap(wrapped.to_vec())?).into())
    }

    fn prf(&self, input: &[u8]) -> Result<Secret<32>, KeystoreError> {
        let output = Zeroizing::new(self.0.prf(input.to_vec())?);
        Secret::from_slice(&output).ok_or_else(|| wrong_length("a prf", 32))
    }

    fn public_key(&self) -> Result<[u8; 65], KeystoreError> {
        self.0.public_key()?.try_into().map_err(|_| wrong_length("a public key", 65))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        Ok(self.0.sign(message.to_vec())?)
    }
}

fn wrong_length(what: &str, bytes: usize) -> KeystoreError {
    KeystoreError::Failed(format!("it returned {what} that is not {bytes} bytes long"))
}
