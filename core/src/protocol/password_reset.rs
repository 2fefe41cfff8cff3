//! Resetting the password of an account.

use serde::{Deserialize, Serialize};

use super::call::{Acknowledgement, Call, DeviceSigned, RequiredAuth};
use super::factor::SecondFactor;
use super::handle::Handle;
use super::long_code::RecoveryCode;
use super::secrets::{MailedCodeText, PasswordText, Ticket};
use super::sign_up::IssuedTicket;
use super::values::{DeviceKey, DeviceName};

calls! {
    /// Begins a password reset. The response is the same whether or not the account exists; a code is mailed only to the
    /// verified address.
    BeginPasswordReset "/v1/resets" RequiredAuth::Device("reset") => IssuedTicket {
        /// The account's e-mail address.
        handle: Handle,
        /// The key of the requesting device, which the reset is bound to.
        device: DeviceKey,
        /// The device's name. Mails have the name that the account knows the device by, and never this one.
        device_name: DeviceName,
        /// One of the recovery codes, which this does not use up: with a right one the code is mailed however many
        /// others asked for this address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recovery_code: Option<RecoveryCode>,
    }

    /// Verifies a reset with the mailed code and a second factor. A refusal does not say which was wrong.
    VerifyPasswordReset "/v1/resets/proof" RequiredAuth::Device("reset-proof") => Acknowledgement {
        /// The ticket of the reset.
        ticket: Ticket,
        /// The key of the device that began the reset.
        device: DeviceKey,
        /// The eight digits of the mailed code.
        code: MailedCodeText,
        /// A second factor enrolled before the reset.
        second_factor: SecondFactor,
    }

    /// Completes a verified reset with the new password. Ends all sessions, other resets and payment credentials,
    /// and forgets every other device.
    FinishPasswordReset "/v1/resets/finish" RequiredAuth::Device("reset-finish") => Acknowledgement {
        /// The ticket of the reset.
        ticket: Ticket,
        /// The key of the device that began the reset.
        device: DeviceKey,
        /// The new password: at least 8 characters, and no common one.
        password: PasswordText,
    }
}

device_signed! { BeginPasswordReset VerifyPasswordReset FinishPasswordReset }
