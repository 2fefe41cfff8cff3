//! Secrets as they are kept: sealed each for its account and number, the mailed and recovery codes as keyed hashes.

use std::collections::BTreeMap;

use tegata::account::messages::{MailedCodeText, RecoveryCode};
use tegata::account::{SecretId, SecretKind};
use zeroize::Zeroizing;

use super::Accounts;
use super::given::{Address, Given};
use crate::keys::Sealed;
use crate::problem::Problem;
use crate::store::{AccountId, HandleKey};

/// The table that they stand in, which a seal is bound to.
const TABLE: &str = "secrets";

impl Accounts {
    pub(super) fn seal(
        &self,
        account: AccountId,
        secret: SecretId,
        bytes: &[u8],
    ) -> Result<Sealed, Problem> {
        self.keys
            .seal(TABLE, &account.0, &secret.0.to_be_bytes(), bytes)
            .map_err(|error| Problem::internal("sealing a secret", &error))
    }

    pub(super) fn open(
        &self,
        account: AccountId,
        secret: SecretId,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, Problem> {
        self.keys
            .open(TABLE, &account.0, &secret.0.to_be_bytes(), sealed)
            .map_err(|error| Problem::internal("opening a secret", &error))
    }

    pub(super) fn hash_of_code(
        &self,
        account: AccountId,
        secret: SecretId,
        code: &MailedCodeText,
    ) -> [u8; 32] {
        self.keys.code(&account.0, secret.0, b"mailed", code.expose().as_bytes())
    }

    pub(super) fn hash_of_recovery(
        &self,
        account: AccountId,
        secret: SecretId,
        code: &RecoveryCode,
    ) -> [u8; 32] {
        self.keys.code(&account.0, secret.0, b"recovery", code.expose())
    }

    pub(super) fn address(
        &self,
        account: AccountId,
        secret: SecretId,
        sealed: &Sealed,
    ) -> Result<Address, Problem> {
        let bytes = self.open(account, secret, sealed)?;
        serde_json::from_slice(&bytes).map_err(|error| Problem::internal("reading an address", &error))
    }
}

impl Accounts {
    /// The address kept under this number: in the store, or about to be.
    pub(super) fn kept_address(
        &self,
        account: AccountId,
        secret: SecretId,
        kept: &BTreeMap<SecretId, (SecretKind, Sealed)>,
        given: &Given,
    ) -> Result<Address, Problem> {
        match kept.get(&secret) {
            Some((_, sealed)) => self.address(account, secret, sealed),
            None => given.address.clone().ok_or_else(|| missing(SecretKind::Address)),
        }
    }

    /// What an account is found by under that address; a decoy by nothing.
    pub(super) fn handle_key(
        &self,
        account: AccountId,
        secret: SecretId,
        kept: &BTreeMap<SecretId, (SecretKind, Sealed)>,
        given: &Given,
    ) -> Result<Option<HandleKey>, Problem> {
        let address = self.kept_address(account, secret, kept, given)?;
        Ok(address.handle.map(|handle| self.keys.handle(&handle)))
    }
}

/// For the text of a fault: which kind of secret was missing.
pub(super) fn missing(kind: SecretKind) -> Problem {
    Problem::internal("keeping a secret", &format_args!("nothing given for {kind:?}"))
}
