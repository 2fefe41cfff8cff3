//! Where an account's mail goes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tegata::protocol::{Handle, Language};
use tegata_policy::{Account, SecretId, SecretKind};

use super::error::MailError;
use crate::crypto::{Keys, SealingContext};
use crate::domain::{AccountId, InternalError, Sealed};
use crate::store::{LoadedAccount, Store};

/// An address, as it is stored sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredAddress {
    /// Where mail goes; nowhere, for a decoy.
    pub(crate) handle: Option<Handle>,
    /// The language of mails.
    pub(crate) language: Language,
}

/// Opens the address that has this number among an account's secrets; `None` if it is not among them.
pub(crate) fn open_address(
    keys: &Keys,
    account: AccountId,
    secret: SecretId,
    secrets: &BTreeMap<SecretId, (SecretKind, Sealed)>,
) -> Result<Option<StoredAddress>, MailError> {
    let Some((kind, sealed)) = secrets.get(&secret) else { return Ok(None) };
    let json = keys.open_sealed(SealingContext::Secret(account, secret, *kind), sealed);
    let json = json.map_err(|error| InternalError::new("opening a secret", &error))?;
    let address = serde_json::from_slice(&json);
    Ok(Some(address.map_err(|error| InternalError::new("reading an address", &error))?))
}

/// Finds the address of an account, or of a sign-up under way; `None` if there is neither.
pub(crate) async fn address_of(
    store: &Store,
    keys: &Keys,
    account: AccountId,
) -> Result<Option<StoredAddress>, MailError> {
    match store.load(account).await? {
        Some(loaded) => address_in(keys, account, &loaded),
        None => Ok(None),
    }
}

/// The same in an account that was read.
pub(crate) fn address_in(
    keys: &Keys,
    account: AccountId,
    loaded: &LoadedAccount,
) -> Result<Option<StoredAddress>, MailError> {
    let secret = match &loaded.state {
        Account::Active(active) => active.address(),
        Account::PendingSignUp(sign_up) => sign_up.address(),
        Account::Closed => return Ok(None),
    };
    let address = open_address(keys, account, secret, &loaded.secrets)?;
    let missing = || InternalError::new("reading an address", &"the account has none");
    Ok(Some(address.ok_or_else(missing)?))
}
