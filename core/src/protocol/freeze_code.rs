//! Freezing by what is typed, from any device: a second factor, or a code that is mailed on request. For an owner without a
//! device of the account.

use serde::{Deserialize, Serialize};

use super::call::{Acknowledgement, Call, DeviceSigned, RequiredAuth};
use super::factor::SecondFactor;
use super::handle::Handle;
use super::long_code::RecoveryCode;
use super::secrets::{MailedCodeText, Ticket};
use super::sign_up::IssuedTicket;
use super::values::DeviceKey;

calls! {
    /// Freezes the account with a second factor, which is used up by it, so that nothing can be paid. A freeze made with a
    /// recovery code is lifted with another one beside the second factor. `code-needed` says that others tried this address
    /// too often: give a recovery code, or freeze with a mailed code.
    FreezeByFactor "/v1/freezes/factor" RequiredAuth::Device("freeze-factor") => Acknowledgement {
        /// The account's e-mail address.
        handle: Handle,
        /// The key of the device that signs.
        device: DeviceKey,
        /// The second factor that was typed.
        second_factor: SecondFactor,
    }

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

device_signed! { FreezeByFactor RequestFreezeCode FreezeByMailedCode }
