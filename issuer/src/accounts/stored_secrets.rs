//! Secrets as they are stored beside an account.

use std::collections::BTreeMap;

use tegata_policy::{SecretId, SecretKind};
use zeroize::Zeroizing;

use super::request_secrets::RequestSecrets;
use super::{AccountError, Accounts};
use crate::crypto::SealingContext;
use crate::domain::{AccountId, HandleKey, InternalError, Sealed};
use crate::mail::{StoredAddress, open_address};

/// The secrets of an account, sealed, with their kinds.
pub(crate) type StoredSecrets = BTreeMap<SecretId, (SecretKind, Sealed)>;

impl Accounts {
    pub(super) fn open_secret(
        &self,
        account: AccountId,
        secret: SecretId,
        stored: &StoredSecrets,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, AccountError> {
        let Some((kind, sealed)) = stored.get(&secret) else { return Ok(None) };
        let place = SealingContext::Secret(account, secret, *kind);
        let opened = self.keys.open_sealed(place, sealed);
        Ok(Some(opened.map_err(|error| InternalError::new("opening a secret", &error))?))
    }

    /// Finds the address of this number: in the store, or about to be.
    pub(super) fn address(
        &self,
        account: AccountId,
        secret: SecretId,
        stored: &StoredSecrets,
        request: &RequestSecrets,
    ) -> Result<StoredAddress, AccountError> {
        let opened = open_address(&self.keys, account, secret, stored)?;
        let address = opened.or_else(|| request.address.clone());
        address.ok_or_else(|| missing(SecretKind::Address))
    }

    /// Gives what an account is found by under that address; a decoy by nothing.
    pub(super) fn handle_key(
        &self,
        account: AccountId,
        secret: SecretId,
        stored: &StoredSecrets,
        request: &RequestSecrets,
    ) -> Result<Option<HandleKey>, AccountError> {
        let address = self.address(account, secret, stored, request)?;
        Ok(address.handle.map(|handle| self.keys.handle(handle.address())))
    }
}

/// A decision stores what the request did not bring.
pub(super) fn missing(kind: SecretKind) -> AccountError {
    AccountError::internal("storing a secret", &format_args!("the request has no {kind:?}"))
}
