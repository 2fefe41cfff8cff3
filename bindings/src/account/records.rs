//! The account as data.

use tegata::protocol::DeviceId;
use tegata::protocol::{self, AccountOverview, DeviceNumber};

use crate::error::seconds;
use crate::{Language, WalletError};

/// Whose account, at which issuer, and what this device is called there.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountProfile {
    /// The e-mail address that the shopper logs in with.
    pub handle: String,
    /// Where the issuer is reached: `https://pay.example.org`, or `http://127.0.0.1:8080` on this machine.
    pub issuer: String,
    /// What the issuer's mails call this device: 1 to 64 bytes of UTF-8.
    pub device_name: String,
}

impl AccountProfile {
    pub(super) fn read(self) -> Result<tegata::AccountProfile, WalletError> {
        Ok(tegata::AccountProfile {
            handle: self.handle.parse().map_err(WalletError::invalid)?,
            issuer: self.issuer.parse().map_err(WalletError::invalid)?,
            device_name: self.device_name.try_into().map_err(WalletError::invalid)?,
        })
    }
}

/// What the wallet knows of the account: all but what proves the session.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountStatus {
    /// Whose and where.
    pub at: AccountProfile,
    /// Whether a session is kept. Whether the issuer still takes it, the issuer knows.
    pub logged_in: bool,
}

impl From<tegata::AccountStatus> for AccountStatus {
    fn from(known: tegata::AccountStatus) -> Self {
        let tegata::AccountProfile { handle, issuer, device_name } = known.at;
        let at = AccountProfile {
            handle: handle.address().to_owned(),
            issuer: issuer.to_string(),
            device_name: device_name.into(),
        };
        Self { at, logged_in: known.logged_in }
    }
}

/// What a log-in came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LoggedIn {
    /// A recovery code stood in for the second factor: nothing but enrolling a new one is taken before that is done.
    pub must_enrol: bool,
}

/// An account, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountOverview {
    /// The verified address.
    pub address: String,
    /// The language of mails.
    pub language: Language,
    /// The devices that it knows.
    pub devices: Vec<AccountDevice>,
    /// The sessions that count.
    pub sessions: Vec<AccountSession>,
    /// How many recovery codes are left.
    pub recovery_codes_left: i64,
    /// A new second factor is due.
    pub must_enrol: bool,
    /// Nothing is spent.
    pub frozen: bool,
    /// When it is deleted, in seconds since 1970; nothing if nobody asked for that.
    pub closing: Option<i64>,
}

/// A device of an account.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountDevice {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Since when it is known, in seconds since 1970.
    pub since: i64,
    /// Whether it is this one.
    pub is_this: bool,
}

/// A session of an account.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountSession {
    /// Its number.
    pub number: i64,
    /// The id of the device it is on.
    pub device: String,
    /// When it was made, in seconds since 1970.
    pub since: i64,
    /// When it was last used, to some minutes, in seconds since 1970.
    pub seen: i64,
    /// Whether it is this one.
    pub is_this: bool,
}

impl From<AccountOverview> for AccountOverview {
    fn from(view: AccountOverview) -> Self {
        let devices = view.devices.into_iter().map(|it| AccountDevice {
            id: it.device.0.to_string(),
            name: it.name.into(),
            since: seconds(it.since.seconds()),
            is_this: it.this,
        });
        let sessions = view.sessions.into_iter().map(|it| AccountSession {
            number: it.session.0.0.into(),
            device: it.device.0.to_string(),
            since: seconds(it.since.seconds()),
            seen: seconds(it.seen.seconds()),
            is_this: it.this,
        });
        Self {
            address: view.address.address().to_owned(),
            language: view.language.into(),
            devices: devices.collect(),
            sessions: sessions.collect(),
            recovery_codes_left: i64::try_from(view.recovery_codes_left).unwrap_or(i64::MAX),
            must_enrol: view.must_enrol,
            frozen: view.frozen,
            closing: view.closing.map(|at| seconds(at.seconds())),
        }
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

/// Reads a device's id, as an overview gives it.
pub(super) fn device(id: String) -> Result<DeviceNumber, WalletError> {
    DeviceId::try_from(id).map(DeviceNumber).map_err(WalletError::invalid)
}
