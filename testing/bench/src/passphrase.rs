//! A peer that keeps credentials in one file under a passphrase, as many authenticator apps do: JSON, sealed with
//! AES-256-GCM, the key from PBKDF2-HMAC-SHA-256.

use std::{fs, num::NonZeroU32, path::Path};

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    pbkdf2::{PBKDF2_HMAC_SHA256, derive},
};
use serde::{Deserialize, Serialize};

use crate::{CREDENTIALS, SECRET};

/// The number of rounds that OWASP's password storage cheat sheet asks for with SHA-256.
const ROUNDS: NonZeroU32 = NonZeroU32::new(600_000).unwrap();
const SALT: [u8; 16] = [7; 16];
const PASSPHRASE: &[u8] = b"correct horse battery staple";

/// One entry of the file.
#[derive(Serialize, Deserialize)]
pub struct Credential {
    /// The number that identifies the credential.
    pub id: u32,
    /// The secret of its one-time passwords.
    pub secret: Vec<u8>,
}

/// Writes a file of [`CREDENTIALS`] entries.
pub fn create(file: &Path) {
    let credentials: Vec<Credential> =
        (0..CREDENTIALS).map(|id| Credential { id, secret: SECRET.to_vec() }).collect();
    let mut sealed = serde_json::to_vec(&credentials).unwrap();
    key().seal_in_place_append_tag(nonce(), Aad::empty(), &mut sealed).unwrap();
    fs::write(file, sealed).unwrap();
}

/// Opens the file with the passphrase.
#[must_use]
pub fn open(file: &Path) -> Vec<Credential> {
    let mut sealed = fs::read(file).unwrap();
    let json = key().open_in_place(nonce(), Aad::empty(), &mut sealed).unwrap();
    serde_json::from_slice(json).unwrap()
}

fn key() -> LessSafeKey {
    let mut key = [0; 32];
    derive(PBKDF2_HMAC_SHA256, ROUNDS, &SALT, PASSPHRASE, &mut key);
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap())
}

/// The file is written once and never again, so that a fixed nonce costs nothing here.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WANTED;

    #[test]
    fn stored_records_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store");
        create(&file);
        let credentials = open(&file);
        assert_eq!(credentials.len(), 100);
        assert_eq!(credentials[WANTED as usize].secret, SECRET);
    }
}
