//! The file of a software keystore: its keys under a passphrase.
//!
//! ```text
//! file    = "tegata-keystore" ‖ 0x01 ‖ keystore id (16) ‖ Argon2 parameters (12) ‖ salt (16)
//!           ‖ ciphertext ‖ tag ‖ SHA-256 of all before it
//! key     = HKDF-SHA256(Argon2id(passphrase, salt), no salt, "tegata/v1/keystore"); nonce 12 × 0
//! AAD     = the 60 bytes before the ciphertext
//! text    = wrap key (32) ‖ prf key (32) ‖ PKCS#8 of the P-256 signing key
//! ```

use ring::digest;
use zeroize::Zeroizing;

use super::aead::{OneTimeKey, TAG};
use super::argon2_params::Argon2Params;
use crate::{Random, RandomUnavailable};

const MAGIC: &[u8; 15] = b"tegata-keystore";
const VERSION: u8 = 1;
const HEADER: usize = 15 + 1 + 16 + Argon2Params::LENGTH + 16;
const CHECKSUM: usize = 32;
/// More bytes than any file of this version has; what is longer is not read.
pub(super) const MAX_FILE: usize = 4096;

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

/// The bytes of a file that holds `text`.
pub(super) fn seal(
    text: &[u8],
    passphrase: &[u8],
    params: Argon2Params,
    random: &dyn Random,
) -> Result<Vec<u8>, SoftwareKeystoreError> {
    let mut id_and_salt = [0; 32];
    random.fill(&mut id_and_salt)?;
    let (id, salt) = id_and_salt.split_at(16);
    seal_as(id, salt, text, passphrase, params)
}

/// The bytes of a file with another text in place of the one of `id`: what that keystore wrapped still opens. The salt is
/// new, since its key seals one message.
pub(super) fn seal_again(
    id: &[u8; 16],
    text: &[u8],
    passphrase: &[u8],
    params: Argon2Params,
    random: &dyn Random,
) -> Result<Vec<u8>, SoftwareKeystoreError> {
    let mut salt = [0; 16];
    random.fill(&mut salt)?;
    seal_as(id, &salt, text, passphrase, params)
}

fn seal_as(
    id: &[u8],
    salt: &[u8],
    text: &[u8],
    passphrase: &[u8],
    params: Argon2Params,
) -> Result<Vec<u8>, SoftwareKeystoreError> {
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

/// The parameters in a file's bytes.
pub(super) fn parameters(bytes: &[u8]) -> Option<Argon2Params> {
    header_parameters(bytes.first_chunk()?).ok().map(|(params, _)| params)
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

    /// A file around a text that is not a keystore's, made with fixed random bytes.
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
    fn each_fault_of_a_file_has_its_error() {
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

    proptest! {
        #[test]
        fn any_file_is_refused_without_a_panic(bytes: Vec<u8>) {
            let close = [&MAGIC[..], &[VERSION], &bytes].concat();
            prop_assert!(unseal(&bytes, b"p").is_err());
            prop_assert!(unseal(&close, b"p").is_err());
        }

        #[test]
        fn a_sealed_file_opens(text: Vec<u8>, passphrase: Vec<u8>) {
            let bytes = seal(&text, &passphrase, small(), &SystemRandom::new()).unwrap();
            prop_assert_eq!(&*unseal(&bytes, &passphrase).unwrap(), &text);
        }
    }
}
