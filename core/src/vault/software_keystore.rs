//! A keystore in a file under a passphrase: for a desktop, where the system offers nothing better to a program in the
//! terminal. `keystore_file` has the format of the file.
//!
//! ```text
//! wrapped = 0x01 ‖ keystore id ‖ salt (16) ‖ ciphertext ‖ tag
//!           key HKDF-SHA256(wrap key, salt, "tegata/v1/wrap"), nonce 12 × 0, AAD = 0x01 ‖ keystore id
//! ```

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ring::hmac;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use zeroize::Zeroizing;

use super::aead::{OneTimeKey, TAG};
use super::argon2_params::Argon2Params;
use super::durable;
use super::keystore::{Keystore, KeystoreError};
use super::keystore_file::{MAX_FILE, SoftwareKeystoreError, parameters, seal, seal_again, unseal};
use super::passphrase;
use crate::{Random, RandomUnavailable, Secret, SecretBytes};

/// The version of what this keystore wraps.
const VERSION: u8 = 1;

/// A [`Keystore`] in a file under a passphrase. Its keys and the passphrase are in memory while this value lives.
pub struct SoftwareKeystore {
    id: [u8; 16],
    wrap: Secret<32>,
    prf_key: Secret<32>,
    signing: Mutex<EcdsaKeyPair>,
    random: Arc<dyn Random>,
    /// None if the keys came from no file.
    file: Option<KeystoreFile>,
}

/// The file of a keystore, and what it is written anew with.
struct KeystoreFile {
    path: PathBuf,
    passphrase: Zeroizing<Vec<u8>>,
    params: Argon2Params,
}

impl SoftwareKeystore {
    /// Makes a keystore and its file, with mode 0600. Costs one Argon2id with `params`. The passphrase is taken in
    /// Unicode's form NFKC, so that it opens from every keyboard.
    ///
    /// The signing key comes from ring's own generator, which ring demands; all else from `random`.
    ///
    /// # Errors
    /// `AlreadyExists`: an existing file is never overwritten; `Storage`, `Random`.
    pub fn create(
        path: &Path,
        passphrase: &[u8],
        params: Argon2Params,
        random: Arc<dyn Random>,
    ) -> Result<Self, SoftwareKeystoreError> {
        use SoftwareKeystoreError as Error;
        // Asked for here to spare the work; that nothing is overwritten is decided when the file gets its name.
        if path.symlink_metadata().is_ok() {
            return Err(Error::AlreadyExists);
        }
        let mut keys = Zeroizing::new([0; 64]);
        random.fill(&mut *keys)?;
        let text = with_new_signing_key(&keys)?;
        let passphrase = passphrase::normalize(passphrase);
        let bytes = seal(&text, &passphrase, params, &*random)?;
        let mut keystore = Self::from_text(&bytes, &text, random)?;
        durable::write_new(path, &bytes).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::AlreadyExists,
            _ => Error::Storage(durable::describe(&error)),
        })?;
        keystore.file = Some(KeystoreFile { path: path.to_owned(), passphrase, params });
        Ok(keystore)
    }

    /// Opens a keystore's file. Costs one Argon2id with the parameters in the file, or two for a passphrase that is not
    /// in the form NFKC.
    ///
    /// # Errors
    /// All of [`SoftwareKeystoreError`] but `AlreadyExists` and `Random`. A file whose checksum is right but that does
    /// not open is `WrongPassphrase`.
    pub fn open(
        path: &Path,
        passphrase: &[u8],
        random: Arc<dyn Random>,
    ) -> Result<Self, SoftwareKeystoreError> {
        let bytes = durable::read_at_most(path, MAX_FILE).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SoftwareKeystoreError::NotFound,
            _ => SoftwareKeystoreError::Storage(durable::describe(&error)),
        })?;
        let mut passphrase = (passphrase::normalize(passphrase), passphrase);
        let text = match unseal(&bytes, &passphrase.0) {
            // An earlier version took a passphrase as it was typed.
            Err(SoftwareKeystoreError::WrongPassphrase) if *passphrase.0 != *passphrase.1 => {
                passphrase.0 = Zeroizing::new(passphrase.1.to_vec());
                unseal(&bytes, &passphrase.0)?
            }
            text => text?,
        };
        let mut keystore = Self::from_text(&bytes, &text, random)?;
        let params = parameters(&bytes).ok_or(SoftwareKeystoreError::Corrupt)?;
        let (passphrase, _) = passphrase;
        keystore.file = Some(KeystoreFile { path: path.to_owned(), passphrase, params });
        Ok(keystore)
    }

    pub(super) fn from_text(
        bytes: &[u8],
        text: &[u8],
        random: Arc<dyn Random>,
    ) -> Result<Self, SoftwareKeystoreError> {
        Self::parse(bytes, text, random).ok_or(SoftwareKeystoreError::Corrupt)
    }

    fn parse(bytes: &[u8], text: &[u8], random: Arc<dyn Random>) -> Option<Self> {
        let id = *bytes.get(16..)?.first_chunk()?;
        let (wrap, text) = text.split_first_chunk()?;
        let (prf_key, pkcs8) = text.split_first_chunk::<32>()?;
        let signing = Mutex::new(signing_key(pkcs8)?);
        let wrap = Secret::new(wrap);
        let prf_key = Secret::new(prf_key);
        Some(Self { id, wrap, prf_key, signing, random, file: None })
    }

    /// The bytes before salt and ciphertext of all that this keystore wraps.
    fn label(&self) -> [u8; 17] {
        let mut label = [VERSION; 17];
        label[1..].copy_from_slice(&self.id);
        label
    }

    fn wrapping_key(&self, salt: &[u8; 16]) -> OneTimeKey {
        OneTimeKey::derive(self.wrap.expose(), salt, &[b"tegata/v1/wrap"])
    }
}

impl Keystore for SoftwareKeystore {
    fn wrap(&self, plaintext: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        let failed = |_| KeystoreError::Failed("the keystore could not seal".into());
        let mut salt = [0; 16];
        self.random.fill(&mut salt).map_err(|error| KeystoreError::Failed(error.to_string()))?;
        let label = self.label();
        let mut wrapped = Vec::with_capacity(17 + 16 + plaintext.len() + TAG);
        wrapped.extend_from_slice(&label);
        wrapped.extend_from_slice(&salt);
        wrapped.extend_from_slice(plaintext);
        wrapped.extend_from_slice(&[0; TAG]);
        let key = self.wrapping_key(&salt);
        key.seal(&label, &mut wrapped[33..]).map_err(failed)?;
        Ok(wrapped)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<SecretBytes, KeystoreError> {
        let damaged = KeystoreError::Damaged;
        let (label, rest) = wrapped.split_first_chunk::<17>().ok_or(damaged.clone())?;
        let (salt, sealed) = rest.split_first_chunk::<16>().ok_or(damaged.clone())?;
        if label[0] != VERSION {
            return Err(damaged);
        }
        if label != &self.label() {
            return Err(KeystoreError::WrongDevice);
        }
        let opened = self.wrapping_key(salt).open(label, sealed);
        Ok(opened.map_err(|_| damaged)?.into())
    }

    fn prf(&self, input: &[u8]) -> Result<Secret<32>, KeystoreError> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.prf_key.expose());
        let output = hmac::sign(&key, input);
        Secret::from_slice(output.as_ref()).ok_or(KeystoreError::Damaged)
    }

    fn public_key(&self) -> Result<[u8; 65], KeystoreError> {
        let signing = self.signing.lock().unwrap_or_else(PoisonError::into_inner);
        signing.public_key().as_ref().try_into().map_err(|_| KeystoreError::Damaged)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        let signing = self.signing.lock().unwrap_or_else(PoisonError::into_inner);
        let signed = signing.sign(&ring::rand::SystemRandom::new(), message);
        let failed = |_| KeystoreError::Failed("the keystore could not sign".into());
        Ok(signed.map_err(failed)?.as_ref().to_vec())
    }

    /// Costs one Argon2id, and writes the file anew: of the key before, nothing is left in it.
    fn replace_signing_key(&self) -> Result<(), KeystoreError> {
        let failed = |why: &dyn fmt::Display| KeystoreError::Failed(why.to_string());
        let file = self.file.as_ref().ok_or(KeystoreError::KeyMissing)?;
        let mut signing = self.signing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = Zeroizing::new([0; 64]);
        keys[..32].copy_from_slice(self.wrap.expose());
        keys[32..].copy_from_slice(self.prf_key.expose());
        let text = with_new_signing_key(&keys).map_err(|error| failed(&error))?;
        let new = signing_key(&text[64..]).ok_or(KeystoreError::Damaged)?;
        let bytes = seal_again(&self.id, &text, &file.passphrase, file.params, &*self.random);
        let bytes = bytes.map_err(|error| failed(&error))?;
        durable::replace(&file.path, &bytes).map_err(|error| failed(&durable::describe(&error)))?;
        *signing = new;
        Ok(())
    }
}

/// The text of a file: these keys, and a new key that signs.
fn with_new_signing_key(keys: &[u8; 64]) -> Result<Zeroizing<Vec<u8>>, RandomUnavailable> {
    let rng = ring::rand::SystemRandom::new();
    let signing = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &rng);
    let signing = signing.map_err(|_| RandomUnavailable)?;
    let mut text = Zeroizing::new(Vec::with_capacity(keys.len() + signing.as_ref().len()));
    text.extend_from_slice(keys);
    text.extend_from_slice(signing.as_ref());
    Ok(text)
}

fn signing_key(pkcs8: &[u8]) -> Option<EcdsaKeyPair> {
    let rng = ring::rand::SystemRandom::new();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &rng).ok()
}

impl fmt::Debug for SoftwareKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareKeystore([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::super::kinds::tests::to_hex;
    use super::super::vectors::FixedRandom;
    use super::*;
    use crate::SystemRandom;

    fn small() -> Argon2Params {
        Argon2Params::new(8, 1, 1).unwrap()
    }

    #[test]
    fn a_key_is_wrapped_as_in_version_1() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keystore");
        let random: Vec<u8> = (0..112).collect();
        let keystore =
            SoftwareKeystore::create(&path, b"", small(), Arc::new(FixedRandom::new(&random)))
                .unwrap();
        let wrapped = keystore.wrap(b"a key").unwrap();
        assert_eq!(
            to_hex(&wrapped),
            "01404142434445464748494a4b4c4d4e4f\
             606162636465666768696a6b6c6d6e6f\
             8c47efbbd6e8a82828451bf0089a8e8d56da293c62"
        );
        assert_eq!(keystore.unwrap(&wrapped).unwrap().expose(), b"a key");
        assert_eq!(
            to_hex(keystore.prf(b"input").unwrap().expose()),
            "e26f8cb4b4a7d039c9f4aa288371da084b644a0ae2e6099e2daeeb587dc9bc9a"
        );
    }

    #[test]
    fn a_replaced_signing_key_is_gone_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new());
        let path = folder.path().join("key");
        let before = SoftwareKeystore::create(&path, b"p", small(), random.clone()).unwrap();
        let wrapped = before.wrap(b"a key").unwrap();
        let old = before.public_key().unwrap();
        let text = unseal(&std::fs::read(&path).unwrap(), b"p").unwrap();
        before.replace_signing_key().unwrap();
        let again = SoftwareKeystore::open(&path, b"p", random).unwrap();
        assert_ne!(before.public_key().unwrap(), old);
        for keystore in [&before, &again] {
            assert_eq!(keystore.public_key().unwrap(), before.public_key().unwrap());
            assert_eq!(keystore.unwrap(&wrapped).unwrap().expose(), b"a key");
        }
        assert_eq!(before.prf(b"input").unwrap().expose(), again.prf(b"input").unwrap().expose());
        let new = unseal(&std::fs::read(&path).unwrap(), b"p").unwrap();
        assert!(new[..64] == text[..64] && new[64..] != text[64..]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_passphrase_opens_however_its_letters_were_typed() {
        let folder = tempfile::tempdir().unwrap();
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new());
        let path = folder.path().join("key");
        let opens = |typed: &str| SoftwareKeystore::open(&path, typed.as_bytes(), random.clone());
        let forms = ["caf\u{e9} 12", "cafe\u{301} 12", "ｃａｆé　１２"];
        for set in forms {
            SoftwareKeystore::create(&path, set.as_bytes(), small(), random.clone()).unwrap();
            assert!(forms.iter().all(|typed| opens(typed).is_ok()), "{set:?}");
            let wrong = opens("cafe 12").unwrap_err();
            assert_eq!(wrong, SoftwareKeystoreError::WrongPassphrase);
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_passphrase_of_an_earlier_version_opens() {
        let folder = tempfile::tempdir().unwrap();
        let random: Arc<dyn Random> = Arc::new(SystemRandom::new());
        let path = folder.path().join("key");
        SoftwareKeystore::create(&path, b"p", small(), random.clone()).unwrap();
        let text = unseal(&std::fs::read(&path).unwrap(), b"p").unwrap();
        let typed = "cafe\u{301}".as_bytes();
        std::fs::write(&path, seal(&text, typed, small(), &*random).unwrap()).unwrap();
        SoftwareKeystore::open(&path, typed, random.clone()).unwrap();
        // Bytes that are no text are a passphrase as well.
        std::fs::write(&path, seal(&text, b"\xff", small(), &*random).unwrap()).unwrap();
        SoftwareKeystore::open(&path, b"\xff", random).unwrap();
    }

    #[test]
    fn another_devices_wrapping_and_a_damaged_one_differ() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let random = Arc::new(SystemRandom::new());
            SoftwareKeystore::create(&folder.path().join(name), b"p", small(), random).unwrap()
        };
        let ours = make("ours");
        let theirs = make("theirs");
        let wrapped = ours.wrap(b"a key").unwrap();
        assert_eq!(theirs.unwrap(&wrapped).unwrap_err(), KeystoreError::WrongDevice);
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            let expected = if (1..17).contains(&at) {
                KeystoreError::WrongDevice
            } else {
                KeystoreError::Damaged
            };
            assert_eq!(ours.unwrap(&changed).unwrap_err(), expected, "byte {at}");
            assert_eq!(ours.unwrap(&wrapped[..at]).unwrap_err(), KeystoreError::Damaged);
        }
    }
}
