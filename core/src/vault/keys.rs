//! The data keys of a vault (DEK), by generation.

use std::num::NonZeroU32;

use super::aead;
use super::ids::{RecordId, VaultId};
use super::{Keystore, VaultError};
use crate::kdf::hkdf_sha256;
use crate::{Random, RandomUnavailable, Secret};
use ring::hmac;

/// One data key and its generation.
#[derive(Debug)]
pub(super) struct DataKey {
    generation: NonZeroU32,
    key: Secret<32>,
}

/// Bytes of the plaintext that a keystore wraps.
const WRAPPED: usize = 16 + 4 + 32;

impl DataKey {
    /// A first key, never used before.
    pub(super) fn make(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        Ok(Self { generation: NonZeroU32::MIN, key: Secret::make(random)? })
    }

    /// The key of the generation after this one.
    pub(super) fn next(&self, random: &dyn Random) -> Result<Self, VaultError> {
        let generation = self.generation.checked_add(1).ok_or(VaultError::Corrupt)?;
        Ok(Self { generation, key: Secret::make(random)? })
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn new(generation: NonZeroU32, key: Secret<32>) -> Self {
        Self { generation, key }
    }

    pub(super) fn generation(&self) -> NonZeroU32 {
        self.generation
    }

    /// The plaintext that the keystore wraps: `vault id ‖ be32(generation) ‖ DEK`.
    pub(super) fn plaintext(&self, vault: &VaultId) -> Secret<WRAPPED> {
        let mut secret = Secret::zero();
        let bytes = secret.expose_mut();
        bytes[..16].copy_from_slice(vault.as_bytes());
        bytes[16..20].copy_from_slice(&self.generation.get().to_be_bytes());
        bytes[20..].copy_from_slice(self.key.expose());
        secret
    }

    /// Wraps the key, and proves that the keystore can undo it before anything depends on it.
    pub(super) fn wrap(
        &self,
        vault: &VaultId,
        keystore: &dyn Keystore,
    ) -> Result<Vec<u8>, VaultError> {
        let wrapped = keystore.wrap(self.plaintext(vault).expose())?;
        Self::unwrap(vault, self.generation, &wrapped, keystore)?;
        Ok(wrapped)
    }

    /// Has the keystore unwrap a row, and checks that it is the row of this vault and generation.
    pub(super) fn unwrap(
        vault: &VaultId,
        generation: NonZeroU32,
        wrapped: &[u8],
        keystore: &dyn Keystore,
    ) -> Result<Self, VaultError> {
        let plaintext = keystore.unwrap(wrapped)?;
        let (head, key) = plaintext.expose().split_last_chunk::<32>().ok_or(VaultError::Corrupt)?;
        let data_key = Self { generation, key: Secret::new(key) };
        if head != &data_key.plaintext(vault).expose()[..20] {
            return Err(VaultError::Corrupt);
        }
        Ok(data_key)
    }

    /// The key of one record at one revision under one salt: used for one write.
    pub(super) fn record_key(&self, salt: &[u8; 16], id: &RecordId, rev: u64) -> aead::OneTimeKey {
        let info: [&[u8]; 3] = [b"tegata/v1/record", id.as_bytes(), &rev.to_be_bytes()];
        aead::OneTimeKey::derive(self.key.expose(), salt, &info)
    }

    /// The key of the manifest's entries.
    pub(super) fn manifest_key(&self) -> hmac::Key {
        let key = hkdf_sha256(self.key.expose(), &[], &[b"tegata/v1/manifest"]);
        hmac::Key::new(hmac::HMAC_SHA256, key.expose())
    }
}

/// The generations that a vault accepts: one, or two while the key is being replaced.
#[derive(Debug)]
pub(super) struct Keyring {
    vault: VaultId,
    oldest: DataKey,
    newer: Option<DataKey>,
}

impl Keyring {
    /// The generations in ascending order, or `None` if there are none or more than two.
    pub(super) fn new(vault: VaultId, ascending: Vec<DataKey>) -> Option<Self> {
        let mut keys = ascending.into_iter();
        let keyring = Self { vault, oldest: keys.next()?, newer: keys.next() };
        keys.next().is_none().then_some(keyring)
    }

    pub(super) fn vault(&self) -> &VaultId {
        &self.vault
    }

    /// The key that new records are sealed under.
    pub(super) fn current(&self) -> &DataKey {
        self.newer.as_ref().unwrap_or(&self.oldest)
    }

    /// The key that the manifest's entries are made with.
    pub(super) fn oldest(&self) -> &DataKey {
        &self.oldest
    }

    pub(super) fn find(&self, generation: NonZeroU32) -> Option<&DataKey> {
        self.iter().find(|key| key.generation == generation)
    }

    /// All generations, ascending.
    pub(super) fn generations(&self) -> Vec<u32> {
        self.iter().map(|key| key.generation.get()).collect()
    }

    /// Whether the data key is being replaced.
    pub(super) fn is_rekeying(&self) -> bool {
        self.newer.is_some()
    }

    /// Adds the next generation, which begins a replacement.
    pub(super) fn add_generation(&mut self, key: DataKey) {
        self.newer = Some(key);
    }

    /// Drops the oldest generation, which ends a replacement.
    pub(super) fn forget_oldest(&mut self) {
        if let Some(key) = self.newer.take() {
            self.oldest = key;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &DataKey> {
        std::iter::once(&self.oldest).chain(&self.newer)
    }
}
