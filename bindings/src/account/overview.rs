//! The account as the issuer shows it: its devices, its sessions, what is left.

use tegata::protocol::{self, DeviceId, DeviceNumber};

use super::call::call;
use crate::number::seconds;
use crate::{Language, WalletError};

call! {
    /// A request for an overview of the account.
    AccountOverviewCall: protocol::AccountOverview =>
    /// Takes the response, and gives the overview.
    AccountOverview, |_, overview| overview.into()
}

/// An account as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountOverview {
    /// The verified email address.
    pub address: String,
    /// The language of mails.
    pub language: Language,
    /// The devices that the account knows.
    pub devices: Vec<AccountDevice>,
    /// The sessions that have not ended.
    pub sessions: Vec<AccountSession>,
    /// How many recovery codes are left.
    pub recovery_codes_left: i64,
    /// Whether a new second factor has to be enrolled before anything else.
    pub must_enrol_factor: bool,
    /// Whether all spending is stopped.
    pub frozen: bool,
    /// When the account is deleted, in seconds since 1970; nothing if its deletion was not requested.
    pub deletion_at: Option<i64>,
}

/// A device of an account.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountDevice {
    /// The id of the device.
    pub id: String,
    /// The name of the device.
    pub name: String,
    /// When the account first saw the device, in seconds since 1970.
    pub first_seen: i64,
    /// Whether it is this device.
    pub is_this: bool,
}

/// A session of an account.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountSession {
    /// The number of the session.
    pub number: i64,
    /// The id of the device that the session is on.
    pub device: String,
    /// When the session began, in seconds since 1970.
    pub started_at: i64,
    /// When the session was last used, to some minutes, in seconds since 1970.
    pub last_used: i64,
    /// Whether it is this session.
    pub is_this: bool,
}

impl From<protocol::AccountOverview> for AccountOverview {
    fn from(view: protocol::AccountOverview) -> Self {
        let devices = view.devices.into_iter().map(|it| AccountDevice {
            id: it.device.0.to_string(),
            name: it.name.into(),
            first_seen: seconds(it.since.seconds()),
            is_this: it.this,
        });
        let sessions = view.sessions.into_iter().map(|it| AccountSession {
            number: it.session.0.0.into(),
            device: it.device.0.to_string(),
            started_at: seconds(it.since.seconds()),
            last_used: seconds(it.seen.seconds()),
            is_this: it.this,
        });
        Self {
            address: view.address.address().to_owned(),
            language: view.language.into(),
            devices: devices.collect(),
            sessions: sessions.collect(),
            recovery_codes_left: i64::try_from(view.recovery_codes_left).unwrap_or(i64::MAX),
            must_enrol_factor: view.must_enrol,
            frozen: view.frozen,
            deletion_at: view.closing.map(|at| seconds(at.seconds())),
        }
    }
}

/// Reads a device's id, as an overview gives it.
pub(super) fn device_id(id: String) -> Result<DeviceNumber, WalletError> {
    DeviceId::try_from(id).map(DeviceNumber).map_err(WalletError::invalid)
}
