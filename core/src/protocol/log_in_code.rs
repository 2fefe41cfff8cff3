//! Requesting a code by mail to log in with.

use serde::{Deserialize, Serialize};

use super::call::{Call, DeviceSigned, RequiredAuth};
use super::handle::Handle;
use super::sign_up::IssuedTicket;
use super::values::DeviceKey;

calls! {
    /// Mails a code for logging in from this device, after `code-needed`. The response is the same whether or not the
    /// account exists.
    RequestLogInCode "/v1/log-ins/code" RequiredAuth::Device("log-in-code") => IssuedTicket {
        /// The account's e-mail address.
        handle: Handle,
        /// The key of the device that will log in.
        device: DeviceKey,
    }
}

device_signed! { RequestLogInCode }
