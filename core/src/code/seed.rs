//! The secret of one payment credential.

use super::till::TillId;
use crate::kdf::hkdf_sha256;
use crate::{Random, RandomUnavailable, Secret};

/// 32 random bytes, one seed per payment credential, made by the issuer. Never a login second factor.
#[derive(Clone, Debug)]
pub struct Seed(Secret<32>);

impl Seed {
    /// Takes a copy of 32 bytes; the caller wipes its own. `None` for any other length.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Secret::from_slice(bytes).map(Self)
    }

    /// A new seed, as an issuer makes one per credential.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn make(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        Secret::make(random).map(Self)
    }

    /// The 32 secret bytes, exposed so that the vault and the issuer's store can seal them.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// The key that aliases are derived from, and nothing else: an issuer stores it beside the seed, so that filling
    /// its index of aliases opens no seed.
    #[must_use]
    pub fn alias_key(&self) -> Secret<32> {
        hkdf_sha256(self.expose(), &[], &[b"tegata/v1/alias"])
    }

    pub(super) fn otp_key(&self) -> Secret<32> {
        hkdf_sha256(self.expose(), &[], &[b"tegata/v1/otp"])
    }

    pub(super) fn till_otp_key(&self, till: &TillId) -> Secret<32> {
        hkdf_sha256(self.expose(), &[], &[b"tegata/v1/otp/till/", till.as_str().as_bytes()])
    }
}
