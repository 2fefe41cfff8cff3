//! Ids of devices and sessions. A session's number counts within one account and means nothing outside of it.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

/// The number of a session of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub u32);

/// The id of a device, made of its public key: SHA-256 of the SEC1 uncompressed point. Text of it is Base64url without padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceId(pub [u8; 32]);

/// The error of a text that is not a device's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a device id is 43 characters of Base64url")]
pub struct InvalidDeviceId;

impl DeviceId {
    /// Computes the id of a public key: 65 bytes, SEC1 uncompressed (SEC 1, section 2.3.3).
    #[must_use]
    pub fn of(public_key: &[u8]) -> Self {
        let mut id = [0; 32];
        id.copy_from_slice(digest(&SHA256, public_key).as_ref());
        Self(id)
    }
}

impl TryFrom<String> for DeviceId {
    type Error = InvalidDeviceId;

    fn try_from(text: String) -> Result<Self, InvalidDeviceId> {
        let bytes = Base64UrlUnpadded::decode_vec(&text).map_err(|_| InvalidDeviceId)?;
        bytes.try_into().map(Self).map_err(|_| InvalidDeviceId)
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
