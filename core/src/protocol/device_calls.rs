//! What a device does by its signature alone, without a session: what its wallet sends while the payment lock is closed.
//! Each of them only restricts, or shows what is to be warned of.

use serde::{Deserialize, Serialize};

use super::call::{Acknowledgement, Call, DeviceSigned, RequiredAuth};
use super::handle::Handle;
use super::values::DeviceKey;
use crate::UnixTime;

calls! {
    /// Returns what a device shows of its account while nothing is unlocked. The response to a device that the account does
    /// not know is the same as for an address without an account: not logged in, and nothing else.
    GetDeviceStatus "/v1/device" RequiredAuth::Device("device-status"), idempotent => DeviceStatus {
        /// The account's e-mail address.
        handle: Handle,
        /// The key of the device.
        device: DeviceKey,
    }

    /// Freezes the account from a device that it knows, so that nothing can be paid.
    FreezeFromDevice "/v1/device/freeze" RequiredAuth::Device("device-freeze"), idempotent => Acknowledgement {
        /// The account's e-mail address.
        handle: Handle,
        /// The key of the device.
        device: DeviceKey,
    }

    /// Ends the sessions of the device that signed it. The response is the same whether or not there were any.
    EndDeviceSessions "/v1/device/sessions/end" RequiredAuth::Device("device-sessions-end"), idempotent => Acknowledgement {
        /// The account's e-mail address.
        handle: Handle,
        /// The key of the device.
        device: DeviceKey,
    }
}

device_signed! { GetDeviceStatus FreezeFromDevice EndDeviceSessions }

/// What a device shows of its account while nothing is unlocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceStatus {
    /// Whether the device has a session.
    pub logged_in: bool,
    /// Whether the account is frozen.
    pub frozen: bool,
    /// Whether the operator has stopped payments.
    pub stopped: bool,
    /// From when on another device's payment credential counts in the place of the present one, if one waits: seconds since
    /// 1970. The device that pays can confirm it before; freezing stops it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u64>))]
    pub new_credential: Option<UnixTime>,
    /// When the account first knew another device, if that was within seven days and after it knew this one: seconds since
    /// 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u64>))]
    pub new_device: Option<UnixTime>,
}
