//! AES-256-GCM (NIST SP 800-38D) with a random nonce, bound to the place where it stands.
//!
//! With nonces by lot one key is good for 2^32 messages (SP 800-38D, section 8.3): a new sealing key is due long before.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use tegata::code::CredentialId;
use tegata::{Random, RandomUnavailable};
use tegata_policy::{SecretId, SecretKind};
use zeroize::Zeroizing;

use crate::domain::secret_kind_number;
use crate::domain::{AccountId, MailId};

/// Where a sealed value stands; it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub enum SealingContext {
    /// A secret beside an account.
    Secret(AccountId, SecretId, SecretKind),
    /// A mail that waits.
    Mail(AccountId, MailId),
    /// The seed of a payment credential.
    Seed(AccountId, CredentialId),
    /// What its aliases are derived from.
    AliasKey(AccountId, CredentialId),
}

impl SealingContext {
    pub(super) fn name(self) -> Vec<u8> {
        match self {
            Self::Secret(account, id, kind) => {
                [b"secrets\0", &account.0[..], &id.0.to_be_bytes(), &[secret_kind_number(kind)]]
                    .concat()
            }
            Self::Mail(account, id) => [b"outbox\0", &account.0[..], &id.0].concat(),
            Self::Seed(account, id) => [b"seeds\0", &account.0[..], &id.0].concat(),
            Self::AliasKey(account, id) => [b"alias-keys\0", &account.0[..], &id.0].concat(),
        }
    }
}

pub(super) struct SealingKey(LessSafeKey);

impl SealingKey {
    #[expect(clippy::expect_used, reason = "AES-256 takes every key of 32 bytes")]
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Nonce, ciphertext, tag.
    pub(super) fn seal(
        &self,
        place: &[u8],
        plain: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, RandomUnavailable> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce)?;
        let mut sealed = nonce.to_vec();
        // Room for all of it at once, so that no copy of the plaintext stays behind.
        sealed.reserve_exact(plain.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let aad = Aad::from(place);
        let tag = self.0.seal_in_place_separate_tag(nonce, aad, &mut sealed[NONCE_LEN..]);
        sealed.extend_from_slice(tag.map_err(|_| RandomUnavailable)?.as_ref());
        Ok(sealed)
    }

    pub(super) fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.0.open_in_place(nonce, Aad::from(place), &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }
}
