//! The devices that an account knows, and its sessions on them.

use serde::{Deserialize, Serialize};
use tegata::UnixTime;
use tegata::protocol::{DeviceId, SessionId};

use super::ids::{Epoch, Generation};
use super::limits::{DEVICE_KNOWN, RecentAttempts, TOKEN_IDLE, TOKEN_LIFE, within};

/// A device on which the account was logged in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The device's public key.
    pub id: DeviceId,
    /// The device's display name.
    pub name: String,
    /// When the account first knew it.
    pub since: UnixTime,
    pub(super) logins: RecentAttempts,
    pub(super) factor: RecentAttempts,
    pub(super) codes: RecentAttempts,
    /// When a second factor was last verified on it; `since` if that was never written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) verified: Option<UnixTime>,
    /// When the owner was last mailed about a log-in on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mailed: Option<UnixTime>,
}

/// A session on a device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The session's number within the account.
    pub id: SessionId,
    /// The device that logged in.
    pub device: DeviceId,
    /// When it was last used, accurate to five minutes.
    pub seen: UnixTime,
    /// When it was created, by password.
    pub since: UnixTime,
    pub(super) factor: Option<UnixTime>,
    pub(super) epoch: Epoch,
    pub(super) generation: Generation,
    /// When its device last signed a request in it; `since` if that was never written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signed: Option<UnixTime>,
    /// The owner was notified of an export in this session.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) exported: bool,
}

impl Device {
    /// Whether the password alone logs in on it: for 90 days from the last second factor that was verified there.
    #[must_use]
    pub fn is_known(&self, now: UnixTime) -> bool {
        within(self.verified.unwrap_or(self.since), DEVICE_KNOWN, now)
    }
}

impl Session {
    /// When the session's device last signed a request in it.
    #[must_use]
    pub fn last_signed(&self) -> UnixTime {
        self.signed.unwrap_or(self.since)
    }

    pub(super) fn takes_token_alone(&self, now: UnixTime) -> bool {
        within(self.seen, TOKEN_IDLE, now) && within(self.last_signed(), TOKEN_LIFE, now)
    }

    /// When the second factor was last verified in it.
    #[must_use]
    pub fn factor_verified(&self) -> Option<UnixTime> {
        self.factor
    }
}
