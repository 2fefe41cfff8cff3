//! The device's keystore, as the host provides it.

use super::VaultError;
use crate::{Secret, SecretBytes};

/// The store of keys that never leave the device: Android Keystore, the iOS Keychain and Secure Enclave, or
/// [`SoftwareKeystore`] on a desktop.
///
/// Calls are synchronous and may take as long as the hardware does. A keystore never replaces a missing
/// key by a new one: it returns an error. Only [`replace_signing_key`](Self::replace_signing_key) makes one, when asked.
///
/// [`SoftwareKeystore`]: super::SoftwareKeystore
pub trait Keystore: Send + Sync {
    /// Seals up to 256 bytes so that only this keystore can open them. The answer is at most 4,096 bytes long.
    ///
    /// # Errors
    /// Any [`KeystoreError`] but `Damaged`.
    fn wrap(&self, plaintext: &[u8]) -> Result<Vec<u8>, KeystoreError>;

    /// Opens what [`wrap`](Self::wrap) returned.
    ///
    /// # Errors
    /// Any [`KeystoreError`].
    fn unwrap(&self, wrapped: &[u8]) -> Result<SecretBytes, KeystoreError>;

    /// A keyed function of `input` that cannot be computed outside of this keystore, always the same for the same
    /// input. A guess at a PIN costs one call.
    ///
    /// # Errors
    /// Any [`KeystoreError`] but `Damaged`.
    fn prf(&self, input: &[u8]) -> Result<Secret<32>, KeystoreError>;

    /// The device's P-256 public key, SEC1 uncompressed: 65 bytes that begin with `04`.
    ///
    /// # Errors
    /// Any [`KeystoreError`] but `Damaged`.
    fn public_key(&self) -> Result<[u8; 65], KeystoreError>;

    /// An ECDSA P-256 signature over `message` with SHA-256, in DER (at most 72 bytes).
    ///
    /// # Errors
    /// Any [`KeystoreError`] but `Damaged`.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeystoreError>;

    /// Destroys the key that signs and makes another: the issuer knows this device no longer. What was wrapped opens as
    /// before.
    ///
    /// # Errors
    /// Any [`KeystoreError`] but `Damaged`; the key is what it was then, or the new one.
    fn replace_signing_key(&self) -> Result<(), KeystoreError>;
}

/// Why an operation of the keystore failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeystoreError {
    /// The device is locked, or the keystore is not ready: try again later.
    #[error("the keystore is locked")]
    Locked,
    /// The keystore does not have the key.
    #[error("the keystore has no such key")]
    KeyMissing,
    /// The key is there and refuses for good, as after a change of the screen lock or of the enrolled fingers.
    #[error("the keystore has invalidated the key")]
    KeyInvalidated,
    /// The bytes to be unwrapped were wrapped by another keystore.
    #[error("the key was wrapped on another device")]
    WrongDevice,
    /// The bytes to be unwrapped were wrapped here and have been damaged since.
    #[error("the wrapped key is damaged")]
    Damaged,
    /// Anything else, as one plain clause without secrets.
    #[error("{0}")]
    Failed(String),
}

impl From<KeystoreError> for VaultError {
    fn from(error: KeystoreError) -> Self {
        match error {
            KeystoreError::Locked => Self::Locked,
            KeystoreError::KeyMissing => Self::KeyMissing,
            KeystoreError::KeyInvalidated => Self::KeyInvalidated,
            KeystoreError::WrongDevice => Self::WrongDevice,
            KeystoreError::Damaged => Self::Corrupt,
            KeystoreError::Failed(why) => Self::Keystore(why),
        }
    }
}
