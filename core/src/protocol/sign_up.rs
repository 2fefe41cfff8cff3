//! Signing up at an issuer.

use serde::{Deserialize, Serialize};

use super::account::Language;
use super::call::{Call, DeviceSigned, RequiredAuth};
use super::factor::FactorEnrolment;
use super::handle::Handle;
use super::long_code::RecoveryCode;
use super::sealed_answer::SealedAnswer;
use super::secrets::{MailedCodeText, PasswordText, SessionToken, Ticket, TotpText};
use super::values::{DeviceKey, DeviceName, X25519Key};

calls! {
    /// Begins a sign-up. The response is the same whether or not the address has an account; the mail says which.
    BeginSignUp "/v1/sign-ups" RequiredAuth::Device("sign-up") => IssuedTicket {
        /// The email address to sign up with.
        address: Handle,
        /// The language of mails to the account.
        language: Language,
        /// The key of the device that signs up.
        device: DeviceKey,
        /// The name of the device.
        device_name: DeviceName,
    }

    /// Confirms a sign-up with the mailed code and sets the password. Returns the second factor's secret, once.
    VerifySignUpCode "/v1/sign-ups/code" RequiredAuth::Device("sign-up-code") => SealedAnswer {
        /// The ticket of the sign-up.
        ticket: Ticket,
        /// The key of the device that signs up.
        device: DeviceKey,
        /// The eight digits of the mailed code.
        code: MailedCodeText,
        /// The new password: at least 8 characters, and no common one.
        password: PasswordText,
        /// The public key that the answer is sealed to, made for this request alone.
        answer_key: X25519Key,
    }

    /// Completes a sign-up with a code of the second factor. Returns a session and the recovery codes, once.
    FinishSignUp "/v1/sign-ups/factor" RequiredAuth::Device("sign-up-factor") => SealedAnswer {
        /// The ticket of the sign-up.
        ticket: Ticket,
        /// The key of the device that signs up.
        device: DeviceKey,
        /// The six digits from the authenticator.
        totp: TotpText,
        /// The public key that the answer is sealed to, made for this request alone.
        answer_key: X25519Key,
    }
}

device_signed! { BeginSignUp VerifySignUpCode FinishSignUp }
sealed_calls! { VerifySignUpCode => FactorEnrolment, FinishSignUp => SignUpResult }

/// A sign-up or reset that was begun, if it was possible.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuedTicket {
    /// The ticket to send with the messages that follow.
    pub ticket: Ticket,
}

/// The result of a sign-up, as it is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignUpResult {
    /// The token of the new session.
    pub session: SessionToken,
    /// Ten recovery codes, returned once.
    pub recovery_codes: Vec<RecoveryCode>,
}
