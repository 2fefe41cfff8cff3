//! What the app shows of the account at each opening, while the payment lock is closed.

use tegata::protocol;

use super::call::call;
use crate::number::seconds;

call! {
    /// A request for what this device is told of its account.
    DeviceStatusCall: protocol::DeviceStatus =>
    /// Takes the response, and gives the flags.
    DeviceStatus, |_, status| status.into()
}

/// What a device is told of its account by its signature alone.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DeviceStatus {
    /// Whether this device has a session. If not, and the wallet has one, the session was ended elsewhere.
    pub logged_in: bool,
    /// Whether the account is frozen.
    pub frozen: bool,
    /// Whether the issuer has stopped payments.
    pub payments_stopped: bool,
    /// From when on another device's payment credential counts in the place of the present one, in seconds since 1970, if one
    /// waits. `Account.confirm_credential` has it count at once, freezing stops it.
    pub new_credential_at: Option<i64>,
    /// When the account first knew another device, in seconds since 1970, if that was within seven days and after this one.
    pub new_device_at: Option<i64>,
}

impl From<protocol::DeviceStatus> for DeviceStatus {
    fn from(status: protocol::DeviceStatus) -> Self {
        Self {
            logged_in: status.logged_in,
            frozen: status.frozen,
            payments_stopped: status.stopped,
            new_credential_at: status.new_credential.map(|at| seconds(at.seconds())),
            new_device_at: status.new_device.map(|at| seconds(at.seconds())),
        }
    }
}
