//! Secrets as they are kept beside an account.

use std::collections::BTreeMap;

use tegata_policy::{SecretId, SecretKind};
use zeroize::Zeroizing;

use super::Accounts;
use super::given::{Address, Given};
use crate::crypto::Place;
use crate::domain::{AccountId, HandleKey, Sealed};
use crate::http::problem::Problem;

/// Those of an account.
pub(super) type Secrets = BTreeMap<SecretId, (SecretKind, Sealed)>;

impl Accounts {
    pub(super) fn opened(
        &self,
        account: AccountId,
        secret: SecretId,
        secrets: &Secrets,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
        let Some((kind, sealed)) = secrets.get(&secret) else { return Ok(None) };
        let place = Place::Secret(account, secret, *kind);
        let opened = self.keys.open_sealed(place, sealed);
        opened.map(Some).map_err(|error| Problem::internal("opening a secret", &error))
    }

    /// The address kept under this number: in the store, or about to be.
    pub(super) fn kept_address(
        &self,
        account: AccountId,
        secret: SecretId,
        secrets: &Secrets,
        given: &Given,
    ) -> Result<Address, Problem> {
        match self.opened(account, secret, secrets)? {
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| Problem::internal("reading an address", &error)),
            None => given.address.clone().ok_or_else(|| missing(SecretKind::Address)),
        }
    }

    /// What an account is found by under that address; a decoy by nothing.
    pub(super) fn handle_key(
        &self,
        account: AccountId,
        secret: SecretId,
        secrets: &Secrets,
        given: &Given,
    ) -> Result<Option<HandleKey>, Problem> {
        let address = self.kept_address(account, secret, secrets, given)?;
        Ok(address.handle.map(|handle| self.keys.handle(handle.address())))
    }
}

/// A decision kept what the request did not bring.
pub(super) fn missing(kind: SecretKind) -> Problem {
    Problem::internal("keeping a secret", &format_args!("nothing was given for {kind:?}"))
}
