//! Which account a wallet has, and at which issuer.

use super::error::Error;
use super::issuer_address::IssuerAddress;
use crate::protocol::{DeviceName, Handle};
use crate::vault::AccountRecord;

/// An account at an issuer, and what this device is called there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProfile {
    /// The email address that the owner logs in with.
    pub handle: Handle,
    /// The address that the issuer is reached at.
    pub issuer: IssuerAddress,
    /// The name of this device in the issuer's mails.
    pub device_name: DeviceName,
}

/// What the wallet knows of its account, without asking the issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountStatus {
    /// The account, and where it is.
    pub profile: AccountProfile,
    /// Whether the wallet has a session. The issuer may have ended it since.
    pub logged_in: bool,
}

impl AccountProfile {
    pub(super) fn of(record: &AccountRecord) -> Result<Self, Error> {
        Ok(Self {
            handle: record.handle.parse().map_err(|_| Error::Corrupt)?,
            issuer: record.issuer_address.parse().map_err(|_| Error::Corrupt)?,
            device_name: record.device_name.clone().try_into().map_err(|_| Error::Corrupt)?,
        })
    }
}
