//! The payment lock's two codecs: its key L under a PIN, and a seed under L.
#![cfg_attr(
    not(test),
    expect(dead_code, reason = "the lock's operations come with the anchor that counts PIN tries")
)]

use std::fmt;

use zeroize::Zeroizing;

use super::aead::{OneTimeKey, TAG};
use super::ids::VaultId;
use super::stretch::Stretch;
use super::{Keystore, VaultError};
use crate::{Random, Secret};

const VERSION: u8 = 1;

/// The payment lock's key, L.
#[derive(Clone, Debug)]
pub(super) struct LockKey(Secret<32>);

/// L under a PIN: `0x01 ‖ Argon2 parameters ‖ salt ‖ ciphertext ‖ tag`.
#[derive(Clone)]
pub(super) struct PinWrapping([u8; Self::LENGTH]);

/// A payment seed under L: `0x01 ‖ salt ‖ ciphertext ‖ tag`.
#[derive(Clone)]
pub(crate) struct LockedSeed([u8; Self::LENGTH]);

impl LockKey {
    #[cfg(test)]
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(Secret::new(key))
    }

    #[cfg(test)]
    pub(super) fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// Wraps L under `pin`. Costs one Argon2id and one call into the keystore.
    pub(super) fn wrap(
        &self,
        vault: &VaultId,
        pin: &[u8],
        stretch: Stretch,
        keystore: &dyn Keystore,
        random: &dyn Random,
    ) -> Result<PinWrapping, VaultError> {
        let mut salt = [0; 16];
        random.fill(&mut salt)?;
        let mut bytes = [0; PinWrapping::LENGTH];
        bytes[0] = VERSION;
        bytes[1..13].copy_from_slice(&stretch.to_bytes());
        bytes[13..29].copy_from_slice(&salt);
        let aad = PinWrapping::associated(&bytes, vault);

        // Sealed in a buffer that is wiped should anything fail before the seal.
        let mut sealed = Zeroizing::new([0; 32 + TAG]);
        sealed[..32].copy_from_slice(self.0.expose());
        pin_key(vault, pin, stretch, &salt, keystore)?.seal(&aad, &mut *sealed)?;
        bytes[PinWrapping::HEADER..].copy_from_slice(&*sealed);
        Ok(PinWrapping(bytes))
    }

    /// Unwraps L with `pin`; `None` if the PIN is wrong (or the bytes are not as they were: it cannot be told which).
    /// The caller has counted the try before.
    pub(super) fn unwrap(
        wrapping: &PinWrapping,
        vault: &VaultId,
        pin: &[u8],
        keystore: &dyn Keystore,
    ) -> Result<Option<Self>, VaultError> {
        let PinWrapping(bytes) = wrapping;
        let (stretch, salt) = wrapping.parameters().ok_or(VaultError::Corrupt)?;
        let key = pin_key(vault, pin, stretch, salt, keystore)?;
        let aad = PinWrapping::associated(bytes, vault);
        let opened = key.open(&aad, &bytes[PinWrapping::HEADER..]).ok();
        Ok(opened.and_then(|key| Secret::from_slice(&key)).map(Self))
    }

    /// Seals a payment seed under L.
    pub(super) fn seal_seed(
        &self,
        vault: &VaultId,
        credential: &[u8; 16],
        seed: &Secret<32>,
        random: &dyn Random,
    ) -> Result<LockedSeed, VaultError> {
        let mut salt = [0; 16];
        random.fill(&mut salt)?;
        let mut sealed = Zeroizing::new([0; 32 + TAG]);
        sealed[..32].copy_from_slice(seed.expose());
        let aad = LockedSeed::associated(vault, credential);
        self.seed_key(&salt, credential).seal(&aad, &mut *sealed)?;

        let mut bytes = [0; LockedSeed::LENGTH];
        bytes[0] = VERSION;
        bytes[1..17].copy_from_slice(&salt);
        bytes[17..].copy_from_slice(&*sealed);
        Ok(LockedSeed(bytes))
    }

    /// Opens a payment seed.
    pub(super) fn open_seed(
        &self,
        vault: &VaultId,
        credential: &[u8; 16],
        seed: &LockedSeed,
    ) -> Result<Secret<32>, VaultError> {
        let (salt, sealed) = seed.0[1..].split_first_chunk::<16>().ok_or(VaultError::Corrupt)?;
        let aad = LockedSeed::associated(vault, credential);
        let opened = self.seed_key(salt, credential).open(&aad, sealed)?;
        Secret::from_slice(&opened).ok_or(VaultError::Corrupt)
    }

    fn seed_key(&self, salt: &[u8; 16], credential: &[u8; 16]) -> OneTimeKey {
        OneTimeKey::derive(self.0.expose(), salt, &[SEED_INFO, credential])
    }
}

const SEED_INFO: &[u8] = b"tegata/v1/seed";

/// `HKDF(prf(Argon2id(PIN, salt)), no salt, "tegata/v1/pin" ‖ vault id ‖ salt)`.
fn pin_key(
    vault: &VaultId,
    pin: &[u8],
    stretch: Stretch,
    salt: &[u8; 16],
    keystore: &dyn Keystore,
) -> Result<OneTimeKey, VaultError> {
    let stretched =
        stretch.run(pin, salt).map_err(|_| VaultError::Storage("there is not enough memory"))?;
    let bound = keystore.prf(&*stretched)?;
    Ok(OneTimeKey::derive(bound.expose(), &[], &[b"tegata/v1/pin", vault.as_bytes(), salt]))
}

impl PinWrapping {
    const HEADER: usize = 1 + Stretch::LENGTH + 16;
    const LENGTH: usize = Self::HEADER + 32 + TAG;

    /// Takes bytes that a vault stored; `None` if they cannot be a wrapping, or ask for too much work.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let wrapping = Self(bytes.try_into().ok()?);
        (wrapping.0[0] == VERSION && wrapping.parameters().is_some()).then_some(wrapping)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn parameters(&self) -> Option<(Stretch, &[u8; 16])> {
        let (parameters, rest) = self.0[1..].split_first_chunk()?;
        Some((Stretch::from_bytes(parameters).ok()?, rest.first_chunk()?))
    }

    /// All that stands before the ciphertext ‖ vault id.
    fn associated(bytes: &[u8; Self::LENGTH], vault: &VaultId) -> [u8; Self::HEADER + 16] {
        let mut aad = [0; Self::HEADER + 16];
        aad[..Self::HEADER].copy_from_slice(&bytes[..Self::HEADER]);
        aad[Self::HEADER..].copy_from_slice(vault.as_bytes());
        aad
    }
}

impl LockedSeed {
    const LENGTH: usize = 1 + 16 + 32 + TAG;

    /// Takes bytes that a record holds; `None` if they cannot be a sealed seed.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let seed = Self(bytes.try_into().ok()?);
        (seed.0[0] == VERSION).then_some(seed)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// `"tegata/v1/seed" ‖ vault id ‖ credential id`.
    fn associated(vault: &VaultId, credential: &[u8; 16]) -> [u8; SEED_INFO.len() + 32] {
        let mut aad = [0; SEED_INFO.len() + 32];
        let (info, ids) = aad.split_at_mut(SEED_INFO.len());
        info.copy_from_slice(SEED_INFO);
        ids[..16].copy_from_slice(vault.as_bytes());
        ids[16..].copy_from_slice(credential);
        aad
    }
}

impl fmt::Debug for LockedSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}
