//! The device's keystore, which a host implements.

use std::sync::Arc;

use tegata::vault;
use tegata::{Secret, SecretBytes};
use zeroize::Zeroizing;

/// Where a device keeps the keys that never leave it: Android Keystore, the iOS Keychain and Secure Enclave.
///
/// Calls are synchronous and may take as long as the hardware does; none of them waits for a biometric prompt. They come while
/// the wallet is busy, so they must not call it. A keystore never replaces a missing key by a new one:
/// it throws.
#[uniffi::export(with_foreign)]
pub trait Keystore: Send + Sync {
    /// Seals up to 256 bytes so that only this keystore can open them. The answer is at most 4,096 bytes long.
    fn wrap(&self, plaintext: Vec<u8>) -> Result<Vec<u8>, KeystoreError>;

    /// Opens what `wrap` sealed.
    fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, KeystoreError>;

    /// A keyed function of the input that cannot be computed outside of this keystore: 32 bytes, always the same for
    /// the same input. HMAC-SHA256 is one. A guess at a PIN costs one call.
    fn prf(&self, input: Vec<u8>) -> Result<Vec<u8>, KeystoreError>;

    /// The device's P-256 public key, SEC1 uncompressed: 65 bytes that begin with 04.
    fn public_key(&self) -> Result<Vec<u8>, KeystoreError>;

    /// An ECDSA P-256 signature over the message with SHA-256, in DER.
    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, KeystoreError>;

    /// Destroys the key that signs and makes another in its place. What was wrapped opens as before. Called when the
    /// payment lock is dropped: the issuer then knows this device no longer.
    fn replace_signing_key(&self) -> Result<(), KeystoreError>;
}

/// What the methods of a keystore throw. Whatever else they throw counts as `Undeclared`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum KeystoreError {
    /// The device is locked, or the keystore is not ready.
    #[error("the keystore is locked")]
    Locked,
    /// The keystore has no such key.
    #[error("the keystore has no such key")]
    KeyMissing,
    /// The key exists and can never be used again, as after a change of the screen lock or of the enrolled fingers.
    #[error("the keystore has invalidated the key")]
    KeyInvalidated,
    /// Another keystore wrapped these bytes.
    #[error("the key was wrapped on another device")]
    WrongDevice,
    /// This keystore wrapped these bytes, and they were damaged since.
    #[error("the wrapped key is damaged")]
    Damaged,
    /// The keystore failed in another way.
    #[error("it cannot be used")]
    Failed,
    /// The keystore threw something that is not one of these, which is a bug in it. The text of that is dropped.
    #[error("it threw an unexpected exception")]
    Undeclared,
}

#[uniffi::export]
impl KeystoreError {
    /// The error as one plain clause. For Python, whose exceptions UniFFI gives no text of their own.
    #[must_use]
    pub fn text(&self) -> String {
        self.to_string()
    }
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeystoreError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Undeclared
    }
}

impl From<KeystoreError> for vault::KeystoreError {
    fn from(error: KeystoreError) -> Self {
        match error {
            KeystoreError::Locked => Self::Locked,
            KeystoreError::KeyMissing => Self::KeyMissing,
            KeystoreError::KeyInvalidated => Self::KeyInvalidated,
            KeystoreError::WrongDevice => Self::WrongDevice,
            KeystoreError::Damaged => Self::Damaged,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Passes the core's calls on to a host's keystore.
pub(crate) struct ForeignKeystore(pub(crate) Arc<dyn Keystore>);

impl vault::Keystore for ForeignKeystore {
    fn wrap(&self, plaintext: &[u8]) -> Result<Vec<u8>, vault::KeystoreError> {
        Ok(self.0.wrap(plaintext.to_vec())?)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<SecretBytes, vault::KeystoreError> {
        Ok(Zeroizing::new(self.0.unwrap(wrapped.to_vec())?).into())
    }

    fn prf(&self, input: &[u8]) -> Result<Secret<32>, vault::KeystoreError> {
        let output = Zeroizing::new(self.0.prf(input.to_vec())?);
        Secret::from_slice(&output).ok_or_else(|| wrong_length("a prf", 32))
    }

    fn public_key(&self) -> Result<[u8; 65], vault::KeystoreError> {
        self.0.public_key()?.try_into().map_err(|_| wrong_length("a public key", 65))
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, vault::KeystoreError> {
        Ok(self.0.sign(message.to_vec())?)
    }

    fn replace_signing_key(&self) -> Result<(), vault::KeystoreError> {
        Ok(self.0.replace_signing_key()?)
    }
}

fn wrong_length(what: &str, bytes: usize) -> vault::KeystoreError {
    vault::KeystoreError::Failed(format!("it returned {what} that is not {bytes} bytes long"))
}
