//! Payment seeds, and beside each what its aliases are derived from, so that who fills the index opens no seed.

use tegata::code::{AliasKey, CredentialId, Seed};
use tegata::{Random, Secret};

use super::{Keys, KeysError, SealingContext};
use crate::domain::{AccountId, Sealed, SealedSeed};

impl Keys {
    /// Seals a seed and its alias key, under the newest key.
    ///
    /// # Errors
    /// `Random`.
    pub fn seal_seed(
        &self,
        account: AccountId,
        credential: CredentialId,
        seed: &Seed,
        random: &dyn Random,
    ) -> Result<SealedSeed, KeysError> {
        let alias_key = seed.alias_key();
        let Sealed { key, bytes } =
            self.seal(SealingContext::Seed(account, credential), seed.expose(), random)?;
        let place = SealingContext::AliasKey(account, credential);
        let alias_key = self.seal(place, alias_key.expose(), random)?.bytes;
        Ok(SealedSeed { key, seed: bytes, alias_key })
    }

    /// The seed that was sealed for this credential.
    ///
    /// # Errors
    /// `NotOpened`.
    pub fn open_seed(
        &self,
        account: AccountId,
        credential: CredentialId,
        sealed: &Sealed,
    ) -> Result<Seed, KeysError> {
        let seed = self.open_sealed(SealingContext::Seed(account, credential), sealed)?;
        Seed::from_slice(&seed).ok_or(KeysError::NotOpened)
    }

    /// The alias key that was sealed for this credential.
    ///
    /// # Errors
    /// `NotOpened`.
    pub fn open_alias_key(
        &self,
        account: AccountId,
        credential: CredentialId,
        sealed: &Sealed,
    ) -> Result<AliasKey, KeysError> {
        let key = self.open_sealed(SealingContext::AliasKey(account, credential), sealed)?;
        let key = Secret::from_slice(&key).ok_or(KeysError::NotOpened)?;
        Ok(AliasKey::from_key(&key))
    }
}
