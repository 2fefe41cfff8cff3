//! A keystore in a file, under a passphrase: for a desktop, where the system offers nothing better to a program in the
//! terminal.
//!
//! ```text
//! file    = "tegata-keystore" ‖ 0x01 ‖ keystore id (16) ‖ Argon2 parameters (12) ‖ salt (16)
//!           ‖ ciphertext ‖ tag ‖ SHA-256 of all before it
//! key     = HKDF-SHA256(Argon2id(passphrase, salt), no salt, "tegata/v1/keystore"); nonce 12 × 0
//! AAD     = the 60 bytes before the ciphertext
//! text    = wrap key (32) ‖ prf key (32) ‖ PKCS#8 of the P-256 signing key
//! wrapped = 0x01 ‖ keystore id ‖ salt (16) ‖ ciphertext ‖ tag
//!           key HKDF-SHA256(wrap key, salt, "tegata/v1/wrap"), nonce 12 × 0, AAD = 0x01 ‖ keystore id
//! ```

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use ring::{digest, hmac};
use zeroize::Zeroizing;

use super::aead::{OneTimeKey, TAG};
use super::argon2_params::Argon2Params;
use super::durable;
use super::{Keystore, KeystoreError};
use crate::{Random, RandomUnavailable, Secret, SecretBytes};

const MAGIC: &[u8; 15] = b"tegata-keystore";
const VERSION: u8 = 1;
const HEADER: usize = 15 + 1 + 16 + Argon2Params::LENGTH + 16;
const CHECKSUM: usize = 32;
/// More than any file of this version has; what is longer is not read.
const MAX_FILE: usize = 4096;

/// A [`Keystore`] in a file under a passphrase. Its keys are in memory while this value lives.
pub struct SoftwareKeystore {
    id: [u8; 16],
    wrap: Secret<32>,
    prf: hmac::Key,
    signing: EcdsaKeyPair,
    random: Arc<dyn Random>,
}

/// Why a software keystore was not made or opened. No file is changed on any of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SoftwareKeystoreError {
    /// There is no file at this path.
    #[error("there is no keystore at this path")]
    NotFound,
    /// A file is at the path where a keystore should be made.
    #[error("a file already exists where the keystore would be created")]
    AlreadyExists,
    /// The file is whole and this passphrase does not open it.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The file is not a keystore, or is damaged.
    #[error("the keystore is damaged")]
    Corrupt,
    /// The file was written by a later version.
    #[error("the keystore was written by a newer version")]
    NewerVersion,
    /// The disk or the operating system refused.
    #[error("cannot access the keystore file: {0}")]
    Storage(&'static str),
    /// No randomness; nothing was made.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

impl SoftwareKeystore {
    /// Makes a keystore and its file, with mode 0600. Costs one `params`.
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
        let signing = EcdsaKeyPair::generate_pkcs8(
            &ECDSA_P256_SHA256_ASN1_SIGNING,
            &ring::rand::SystemRandom::new(),
        )
        .map_err(|_| RandomUnavailable)?;
        let mut text = Zeroizing::new(vec![0; 64 + signing.as_ref().len()]);
        random.fill(&mut text[..64])?;
        text[64..].copy_from_slice(signing.as_ref());

        let bytes = seal(&text, passphrase, params, &*random)?;
        let keystore = Self::from_text(&bytes, &text, random)?;
        durable::write_new(path, &bytes).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::AlreadyExists,
            _ => Error::Storage(durable::describe(&error)),
        })?;
        Ok(keystore)
    }

    /// Opens a keystore's file. Costs the params that the file was made with.
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
        let text = unseal(&bytes, passphrase)?;
        Self::from_text(&bytes, &text, random)
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
        let (prf, pkcs8) = text.split_first_chunk::<32>()?;
        let rng = ring::rand::SystemRandom::new();
        let signing =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &rng).ok()?;
        let prf = hmac::Key::new(hmac::HMAC_SHA256, prf);
        Some(Self { id, wrap: Secret::new(wrap), prf, signing, random })
    }

    /// What stands before salt and ciphertext of all that this keystore wraps.
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
        let output = hmac::sign(&self.prf, input);
        Secret::from_slice(output.as_ref()).ok_or(KeystoreError::Damaged)
    }

    fn public_key(&self) -> Result<[u8; 65], KeystoreError> {
        let key = self.signing.public_key().as_ref();
        key.try_into().map_err(|_| KeystoreError::Damaged)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeystoreError> {
        let signed = self.signing.sign(&ring::rand::SystemRandom::new(), message);
        let failed = |_| KeystoreError::Failed("the keystore could not sign".into());
        Ok(signed.map_err(failed)?.as_ref().to_vec())
    }
}

impl fmt::Debug for SoftwareKeystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareKeystore([redacted])")
    }
}

/// The bytes of a file that holds `text`.
fn seal(
    text: &[u8],
    passphrase: &[u8],
    params: Argon2Params,
    random: &dyn Random,
) -> Result<Vec<u8>, SoftwareKeystoreError> {
    let mut id_and_salt = [0; 32];
    random.fill(&mut id_and_salt)?;
    let (id, salt) = id_and_salt.split_at(16);

    // Taken at its full size: a buffer that grew would leave keys behind where it was.
    let mut bytes = Vec::with_capacity(HEADER + text.len() + TAG + CHECKSUM);
    bytes.extend_from_slice(MAGIC);
    bytes.push(VERSION);
    bytes.extend_from_slice(id);
    bytes.extend_from_slice(&params.to_bytes());
    bytes.extend_from_slice(salt);
    bytes.extend_from_slice(text);
    bytes.extend_from_slice(&[0; TAG]);

    let (header, message) =
        bytes.split_first_chunk_mut::<HEADER>().ok_or(SoftwareKeystoreError::Corrupt)?;
    let (_, salt) = header_parameters(header)?;
    file_key(passphrase, params, &salt)?
        .seal(header, message)
        .map_err(|_| SoftwareKeystoreError::Corrupt)?;
    bytes.extend_from_slice(digest::digest(&digest::SHA256, &bytes).as_ref());
    Ok(bytes)
}

/// The text that a file's bytes hold. In this order: what the file is, its version, whether it is whole, how much work
/// it asks for, and only then the work.
pub(super) fn unseal(
    bytes: &[u8],
    passphrase: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SoftwareKeystoreError> {
    use SoftwareKeystoreError as Error;
    let rest = bytes.strip_prefix(MAGIC).ok_or(Error::Corrupt)?;
    match rest.first() {
        Some(&VERSION) => {}
        Some(&later) if later > VERSION => return Err(Error::NewerVersion),
        _ => return Err(Error::Corrupt),
    }
    let (content, checksum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(Error::Corrupt)?;
    if digest::digest(&digest::SHA256, content).as_ref() != checksum {
        return Err(Error::Corrupt);
    }
    let (header, sealed) = content.split_first_chunk::<HEADER>().ok_or(Error::Corrupt)?;
    let (params, salt) = header_parameters(header)?;
    file_key(passphrase, params, &salt)?.open(header, sealed).map_err(|_| Error::WrongPassphrase)
}

fn header_parameters(
    header: &[u8; HEADER],
) -> Result<(Argon2Params, [u8; 16]), SoftwareKeystoreError> {
    let parts = header[32..].split_first_chunk().and_then(|(parameters, salt)| {
        Some((Argon2Params::from_bytes(parameters).ok()?, *salt.first_chunk()?))
    });
    parts.ok_or(SoftwareKeystoreError::Corrupt)
}

fn file_key(
    passphrase: &[u8],
    params: Argon2Params,
    salt: &[u8; 16],
) -> Result<OneTimeKey, SoftwareKeystoreError> {
    let stretched = params
        .run(passphrase, salt)
        .map_err(|_| SoftwareKeystoreError::Storage("there is not enough memory"))?;
    Ok(OneTimeKey::derive(stretched.expose(), &[], &[b"tegata/v1/keystore"]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::kinds::tests::to_hex;
    use super::super::vectors::FixedRandom;
    use super::*;
    use crate::SystemRandom;

    fn small() -> Argon2Params {
        Argon2Params::new(8, 1, 1).unwrap()
    }

    /// A file around a text that is not a keystore's, from given randomness.
    fn file() -> Vec<u8> {
        let random: Vec<u8> = (0..32).collect();
        seal(&[0xaa; 64], b"open sesame", small(), &FixedRandom::new(&random)).unwrap()
    }

    fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.truncate(bytes.len() - CHECKSUM);
        let checksum = digest::digest(&digest::SHA256, &bytes);
        [&bytes, checksum.as_ref()].concat()
    }

    #[test]
    fn the_files_bytes_are_those_of_version_1() {
        assert_eq!(
            to_hex(&file()),
            "7465676174612d6b657973746f726501\
             000102030405060708090a0b0c0d0e0f\
             000000080000000100000001\
             101112131415161718191a1b1c1d1e1f\
             5bea70011a71e1e02760bd895dc8f2f75ec92513deacd31b743f37f1091e8b04\
             9a5c0c95796f945295c56ab6d4062b7f9232864d5407f26c918c14b91cb25f2f\
             20d532206190d7a9c936effe89c710bc\
             f620dce0019ef1f7e29a995fb811639f0b53a3d8288da7fb9044724fc2585ba7"
        );
        assert_eq!(*unseal(&file(), b"open sesame").unwrap(), [0xaa; 64]);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_apart() {
        use SoftwareKeystoreError as Error;
        let wrong = |bytes: &[u8]| unseal(bytes, b"open sesame").unwrap_err();
        assert_eq!(unseal(&file(), b"open sesam").unwrap_err(), Error::WrongPassphrase);
        for bit in 0..file().len() * 8 {
            let mut changed = file();
            changed[bit / 8] ^= 1 << (bit % 8);
            let expected = match bit / 8 {
                15 if changed[15] > 1 => Error::NewerVersion,
                _ => Error::Corrupt,
            };
            assert_eq!(wrong(&changed), expected, "bit {bit}");
        }
        for end in 0..file().len() {
            assert_eq!(wrong(&file()[..end]), Error::Corrupt, "cut to {end} bytes");
        }
        // Who changes a file and its checksum learns nothing from the answer.
        for at in (16..32).chain(44..file().len() - CHECKSUM) {
            let mut changed = file();
            changed[at] ^= 1;
            assert_eq!(wrong(&with_checksum(changed)), Error::WrongPassphrase, "byte {at}");
        }
        let mut greedy = file();
        greedy[32..36].fill(0xff);
        assert_eq!(wrong(&with_checksum(greedy)), Error::Corrupt);
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
    fn what_was_wrapped_elsewhere_or_damaged_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let random = Arc::new(SystemRandom::new());
            SoftwareKeystore::create(&folder.path().join(name), b"p", small(), random).unwrap()
        };
        let (ours, theirs) = (make("ours"), make("theirs"));
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

    proptest! {
        #[test]
        fn any_file_is_refused_without_a_panic(bytes: Vec<u8>) {
            let close = [&MAGIC[..], &[VERSION], &bytes].concat();
            prop_assert!(unseal(&bytes, b"p").is_err());
            prop_assert!(unseal(&close, b"p").is_err());
        }

        #[test]
        fn what_is_sealed_is_opened(text: Vec<u8>, passphrase: Vec<u8>) {
            let bytes = seal(&text, &passphrase, small(), &SystemRandom::new()).unwrap();
            prop_assert_eq!(&*unseal(&bytes, &passphrase).unwrap(), &text);
        }
    }
}
