//! Numbers of things within one account, meaningless outside it, and the two counters that void what was created before.

use serde::{Deserialize, Serialize};

/// A secret that the issuer stores beside the account: a mailed code, a password's hash, a factor's secret, a recovery
/// code, an address. The account's state names it and never contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SecretId(pub u32);

/// A password reset of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResetId(pub u32);

/// A payment credential of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CredentialNumber(pub u32);

/// Counts how often everything created for an account was voided. Sessions, resets and payment credentials carry the
/// epoch they were created under and count only while it is the account's.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Epoch(pub u32);

/// Counts how often everything created at the issuer was voided, by a mass revocation or a restore.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Generation(pub u32);
