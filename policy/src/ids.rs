//! What things of an account are called. Numbers count within one account and mean nothing outside of it.

use serde::{Deserialize, Serialize};

/// A secret that the issuer keeps beside the account: a mailed code, a password's hash, a factor's secret, a recovery
/// code, an address. The state of an account names it and never holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SecretId(pub u32);

/// A reset of an account's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResetId(pub u32);

/// A payment credential of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CredentialNumber(pub u32);

/// How often everything of an account that was made before has been declared void. Sessions, resets and payment
/// credentials carry the epoch they were made under and count only while it is the account's.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Epoch(pub u32);

/// How often everything at the issuer that was made before has been declared void, by a mass revoke or a restore.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Generation(pub u32);
