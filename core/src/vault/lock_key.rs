//! The payment lock's three codecs: its key L under a PIN and under a key that the host pushes in, and a seed under L.

use std::fmt;

use zeroize::Zeroizing;

use super::aead::{OneTimeKey, TAG};
use super::argon2_params::Argon2Params;
use super::ids::VaultId;
use super::{Keystore, VaultError};
use crate::{Random, Secret};

const VERSION: u8 = 1;

/// The payment lock's key, L.
#[derive(Clone, Debug)]
pub(super) struct LockKey(Secret<32>);

/// L under a PIN: `0x01 ‖ Argon2 parameters ‖ salt ‖ ciphertext ‖ tag`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PinWrapping([u8; Self::LENGTH]);

/// L under a key that the host pushes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyWrapping(Envelope);

/// A payment seed under L.
#[derive(Clone)]
pub(crate) struct LockedSeed(Envelope);

impl LockKey {
    /// A new key that locks nothing yet.
    pub(super) fn make(random: &dyn Random) -> Result<Self, VaultError> {
        Ok(Self(Secret::make(random)?))
    }

    #[cfg(test)]
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(Secret::new(key))
    }

    /// The key itself, under which secrets of the account are sealed.
    pub(super) fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// Wraps L under `pin`. Costs one Argon2id and one call into the keystore.
    pub(super) fn wrap(
        &self,
        vault: &VaultId,
        pin: &[u8],
        params: Argon2Params,
        keystore: &dyn Keystore,
        random: &dyn Random,
    ) -> Result<PinWrapping, VaultError> {
        let mut salt = [0; 16];
        random.fill(&mut salt)?;
        let mut bytes = [0; PinWrapping::LENGTH];
        bytes[0] = VERSION;
        bytes[1..13].copy_from_slice(&params.to_bytes());
        bytes[13..29].copy_from_slice(&salt);
        let aad = PinWrapping::associated(&bytes, vault);

        // Sealed in a buffer that is wiped should anything fail before the seal.
        let mut sealed = Zeroizing::new([0; 32 + TAG]);
        sealed[..32].copy_from_slice(self.0.expose());
        pin_key(vault, pin, params, &salt, keystore)?.seal(&aad, &mut *sealed)?;
        bytes[PinWrapping::HEADER..].copy_from_slice(&*sealed);
        Ok(PinWrapping(bytes))
    }

    /// Unwraps L with `pin`; `None` if the PIN is wrong (or the bytes were changed: the two cannot be distinguished).
    /// The caller has counted the try before.
    pub(super) fn unwrap(
        wrapping: &PinWrapping,
        vault: &VaultId,
        pin: &[u8],
        keystore: &dyn Keystore,
    ) -> Result<Option<Self>, VaultError> {
        let PinWrapping(bytes) = wrapping;
        let (params, salt) = wrapping.parameters().ok_or(VaultError::Corrupt)?;
        let key = pin_key(vault, pin, params, salt, keystore)?;
        let aad = PinWrapping::associated(bytes, vault);
        let opened = key.open(&aad, &bytes[PinWrapping::HEADER..]).ok();
        Ok(opened.and_then(|key| Secret::from_slice(&key)).map(Self))
    }

    /// Wraps L under `key`, which the host keeps behind a biometric prompt.
    pub(super) fn wrap_under(
        &self,
        vault: &VaultId,
        key: &Secret<32>,
        random: &dyn Random,
    ) -> Result<KeyWrapping, VaultError> {
        let info = KeyWrapping::info(vault);
        Envelope::seal(key.expose(), &info, &info, &self.0, random).map(KeyWrapping)
    }

    /// Unwraps L with `key`; `None` if that is another one.
    pub(super) fn unwrap_with(
        wrapping: &KeyWrapping,
        vault: &VaultId,
        key: &Secret<32>,
    ) -> Option<Self> {
        let info = KeyWrapping::info(vault);
        wrapping.0.open(key.expose(), &info, &info).map(Self)
    }

    /// Seals a payment seed under L.
    pub(super) fn seal_seed(
        &self,
        vault: &VaultId,
        credential: &[u8; 16],
        seed: &Secret<32>,
        random: &dyn Random,
    ) -> Result<LockedSeed, VaultError> {
        let (info, aad) = LockedSeed::info(vault, credential);
        Envelope::seal(self.0.expose(), &info, &aad, seed, random).map(LockedSeed)
    }

    /// Opens a payment seed; `None` if it was sealed under another key.
    pub(super) fn open_seed(
        &self,
        vault: &VaultId,
        credential: &[u8; 16],
        seed: &LockedSeed,
    ) -> Option<Secret<32>> {
        let (info, aad) = LockedSeed::info(vault, credential);
        seed.0.open(self.0.expose(), &info, &aad)
    }
}

/// `HKDF(prf(Argon2id(PIN, salt)), no salt, "tegata/v1/pin" ‖ vault id ‖ salt)`.
fn pin_key(
    vault: &VaultId,
    pin: &[u8],
    params: Argon2Params,
    salt: &[u8; 16],
    keystore: &dyn Keystore,
) -> Result<OneTimeKey, VaultError> {
    let stretched =
        params.run(pin, salt).map_err(|_| VaultError::Storage("there is not enough memory"))?;
    let bound = keystore.prf(stretched.expose())?;
    Ok(OneTimeKey::derive(bound.expose(), &[], &[b"tegata/v1/pin", vault.as_bytes(), salt]))
}

impl PinWrapping {
    const HEADER: usize = 1 + Argon2Params::LENGTH + 16;
    const LENGTH: usize = Self::HEADER + 32 + TAG;

    /// Takes bytes that a vault stored; `None` if they cannot be a wrapping, or ask for too much work.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let wrapping = Self(bytes.try_into().ok()?);
        (wrapping.0[0] == VERSION && wrapping.parameters().is_some()).then_some(wrapping)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn parameters(&self) -> Option<(Argon2Params, &[u8; 16])> {
        let (parameters, rest) = self.0[1..].split_first_chunk()?;
        Some((Argon2Params::from_bytes(parameters).ok()?, rest.first_chunk()?))
    }

    /// All that is before the ciphertext ‖ vault id.
    fn associated(bytes: &[u8; Self::LENGTH], vault: &VaultId) -> [u8; Self::HEADER + 16] {
        let mut aad = [0; Self::HEADER + 16];
        aad[..Self::HEADER].copy_from_slice(&bytes[..Self::HEADER]);
        aad[Self::HEADER..].copy_from_slice(vault.as_bytes());
        aad
    }
}

/// 32 secret bytes under another 32: `0x01 ‖ salt ‖ ciphertext ‖ tag`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Envelope([u8; Self::LENGTH]);

impl Envelope {
    const LENGTH: usize = 1 + 16 + 32 + TAG;

    fn seal(
        under: &[u8; 32],
        info: &[u8],
        aad: &[u8],
        secret: &Secret<32>,
        random: &dyn Random,
    ) -> Result<Self, VaultError> {
        let mut bytes = [0; Self::LENGTH];
        bytes[0] = VERSION;
        let mut salt = [0; 16];
        random.fill(&mut salt)?;
        bytes[1..17].copy_from_slice(&salt);
        // Sealed in a buffer that is wiped should anything fail before the seal.
        let mut sealed = Zeroizing::new([0; 32 + TAG]);
        sealed[..32].copy_from_slice(secret.expose());
        OneTimeKey::derive(under, &salt, &[info]).seal(aad, &mut *sealed)?;
        bytes[17..].copy_from_slice(&*sealed);
        Ok(Self(bytes))
    }

    fn open(&self, under: &[u8; 32], info: &[u8], aad: &[u8]) -> Option<Secret<32>> {
        let (salt, sealed) = self.0[1..].split_first_chunk::<16>()?;
        let opened = OneTimeKey::derive(under, salt, &[info]).open(aad, sealed).ok()?;
        Secret::from_slice(&opened)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let envelope = Self(bytes.try_into().ok()?);
        (envelope.0[0] == VERSION).then_some(envelope)
    }
}

impl KeyWrapping {
    /// Takes bytes that a record holds; `None` if they cannot be a wrapping.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        Envelope::parse(bytes).map(Self)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0.0
    }

    /// `"tegata/v1/unlock" ‖ vault id`.
    fn info(vault: &VaultId) -> Vec<u8> {
        [&b"tegata/v1/unlock"[..], vault.as_bytes()].concat()
    }
}

impl LockedSeed {
    /// Takes bytes that a record holds; `None` if they cannot be a sealed seed.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        Envelope::parse(bytes).map(Self)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0.0
    }

    /// `"tegata/v1/seed" ‖ credential id`, and with the vault's id before it.
    fn info(vault: &VaultId, credential: &[u8; 16]) -> (Vec<u8>, Vec<u8>) {
        const NAME: &[u8] = b"tegata/v1/seed";
        ([NAME, credential].concat(), [NAME, vault.as_bytes(), credential].concat())
    }
}

impl fmt::Debug for LockedSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

#[cfg(test)]
mod tests {
    use super::super::kinds::tests::to_hex;
    use super::super::vectors::FixedRandom;
    use super::*;

    /// The other codecs have vectors of the design's (`vectors`); this one was computed apart, in Python.
    #[test]
    fn the_lock_key_under_a_host_key_is_frozen() {
        let vault = VaultId::new([2; 16]);
        let host = Secret::new(&[0x4b; 32]);
        let key = LockKey::new(&[0x4c; 32]);
        let wrapped = key.wrap_under(&vault, &host, &FixedRandom::new(&[4; 16])).unwrap();
        assert_eq!(
            to_hex(wrapped.as_bytes()),
            "0104040404040404040404040404040404c6b30a305f8cf3b8b24ef68273b97f31\
             98ac651eae58ac8694bef2beee2748af69b4ad1fcf6e67d927d8cee988ce7989"
        );
        let unwrap = |wrapped: &[u8], vault: &VaultId, host: &Secret<32>| {
            let wrapped = KeyWrapping::parse(wrapped)?;
            Some(*LockKey::unwrap_with(&wrapped, vault, host)?.expose())
        };
        let bytes = wrapped.as_bytes();
        assert_eq!(unwrap(bytes, &vault, &host), Some([0x4c; 32]));
        assert_eq!(unwrap(bytes, &VaultId::new([3; 16]), &host), None);
        assert_eq!(unwrap(bytes, &vault, &Secret::new(&[0; 32])), None);
        for at in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1;
            assert_eq!(unwrap(&changed, &vault, &host), None, "byte {at}");
        }
    }
}
