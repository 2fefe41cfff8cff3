//! Freezing by a code that is mailed on request: for an owner without a device of the account.

use serde::{Deserialize, Serialize};

use super::call::{Acknowledgement, Call, DeviceSigned, RequiredAuth};
use super::handle::Handle;
use super::long_code::RecoveryCode;
use super::secrets::{MailedCodeText, Ticket};
use super::sign_up::IssuedTicket;
use super::values::DeviceKey;

calls! {
    /// Mails a code that freezes the account from this device, whether or not the account knows it. The response is the same
    /// whether or not the account exists.
    RequestFreezeCode "/v1/freezes/code" RequiredAuth::Device("freeze-code") => IssuedTicket {
        /// The account's e-mail address.
        handle: Handle,
        /// The key of the device that will send the code.
        device: DeviceKey,
        /// One of the recovery codes, which this does not use up: with a right one the code is mailed however many
        /// others asked for this address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recovery_code: Option<RecoveryCode>,
    }

    /// Freezes the account with the mailed code, so that nothing can be paid. The owner lifts it with a second factor.
    FreezeByMailedCode "/v1/freezes/mailed" RequiredAuth::Device("freeze-mailed") => Acknowledgement {
        /// The ticket of the request for the code.
        ticket: Ticket,
        /// The key of the device that requested the code.
        device: DeviceKey,
        /// The eight digits of the mailed code.
        code: MailedCodeText,
    }
}

device_signed! { RequestFreezeCode FreezeByMailedCode }
