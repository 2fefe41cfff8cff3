//! What things of an account are called. Numbers count within one account and mean nothing outside of it.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// A secret that the issuer keeps beside the account: a mailed code, a password's hash, a factor's secret, a recovery
/// code, an address. The state of an account names it and never holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SecretId(pub u32);

/// A session of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u32);

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

/// A device, by its public key: SHA-256 of the SEC1 uncompressed point. Text of it is Base64url without padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceId(pub [u8; 32]);

/// The text is not a device's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a device's id is 43 characters of Base64url")]
pub struct NotADeviceId;

impl DeviceId {
    /// That of a public key: 65 bytes, SEC1 uncompressed (SEC 1, section 2.3.3).
    #[must_use]
    pub fn of(public_key: &[u8]) -> Self {
        let mut id = [0; 32];
        id.copy_from_slice(digest(&SHA256, public_key).as_ref());
        Self(id)
    }
}

impl TryFrom<String> for DeviceId {
    type Error = NotADeviceId;

    fn try_from(text: String) -> Result<Self, NotADeviceId> {
        let bytes = Base64UrlUnpadded::decode_vec(&text).map_err(|_| NotADeviceId)?;
        bytes.try_into().map(Self).map_err(|_| NotADeviceId)
    }
}

impl From<DeviceId> for String {
    fn from(id: DeviceId) -> Self {
        Base64UrlUnpadded::encode_string(&id.0)
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(*self))
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceId({self})")
    }
}
