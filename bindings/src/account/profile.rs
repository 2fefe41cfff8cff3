//! Which account a wallet has, and at which issuer.

use tegata::protocol;

use crate::{Language, WalletError};

/// An account at an issuer, and what this device is called there.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountProfile {
    /// The email address that the owner logs in with.
    pub handle: String,
    /// Where the issuer is reached: `https://pay.example.org`, or `http://127.0.0.1:8080` on this machine.
    pub issuer: String,
    /// What the issuer's mails call this device: 1 to 64 bytes of UTF-8.
    pub device_name: String,
}

impl AccountProfile {
    pub(super) fn parse(self) -> Result<tegata::AccountProfile, WalletError> {
        Ok(tegata::AccountProfile {
            handle: self.handle.parse().map_err(WalletError::invalid)?,
            issuer: self.issuer.parse().map_err(WalletError::invalid)?,
            device_name: self.device_name.try_into().map_err(WalletError::invalid)?,
        })
    }
}

/// What the wallet knows of its account, without asking the issuer.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountStatus {
    /// The account, and where it is.
    pub profile: AccountProfile,
    /// Whether the wallet has a session. The issuer may have ended it since.
    pub logged_in: bool,
}

impl From<tegata::AccountStatus> for AccountStatus {
    fn from(status: tegata::AccountStatus) -> Self {
        let tegata::AccountProfile { handle, issuer, device_name } = status.profile;
        let profile = AccountProfile {
            handle: handle.address().to_owned(),
            issuer: issuer.to_string(),
            device_name: device_name.into(),
        };
        Self { profile, logged_in: status.logged_in }
    }
}

impl From<Language> for protocol::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::English => Self::En,
            Language::Japanese => Self::Ja,
        }
    }
}

impl From<protocol::Language> for Language {
    fn from(language: protocol::Language) -> Self {
        match language {
            protocol::Language::En => Self::English,
            protocol::Language::Ja => Self::Japanese,
        }
    }
}
