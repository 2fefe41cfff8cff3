//! Logging in and out, and the sessions of an account.

use serde::{Deserialize, Serialize};

use super::call::{Acknowledgement, Call, DeviceSigned, EndedSessions, RequiredAuth, SessionCall};
use super::factor::SecondFactor;
use super::handle::Handle;
use super::ids::SessionId;
use super::sealed_answer::SealedAnswer;
use super::secrets::{MailedCodeText, PasswordText, SessionToken, Ticket};
use super::values::{DeviceKey, DeviceName, X25519Key};

calls! {
    /// Logs in. A device needs a second factor unless one was verified on it within 90 days. A refusal does not say what
    /// was wrong; `code-needed` says that others tried this address too often: request a code, and log in with it. The same
    /// message gets the same answer for five minutes, and makes no second session.
    LogIn "/v1/log-ins" RequiredAuth::Device("log-in") => SealedAnswer {
        /// The account's e-mail address.
        handle: Handle,
        /// The password of the account.
        password: PasswordText,
        /// A second factor; optional on a device that the account knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second_factor: Option<SecondFactor>,
        /// A code that was mailed for this device.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mailed_code: Option<LogInCode>,
        /// The key of the device that logs in.
        device: DeviceKey,
        /// The name of the device.
        device_name: DeviceName,
        /// The public key that the answer is sealed to, made for this request alone.
        answer_key: X25519Key,
    }

    /// Ends the session that it is sent in.
    LogOut "/v1/session/end" RequiredAuth::Session, idempotent => Acknowledgement {}

    /// Ends another session or all others. Requires the signature of the session's device, or a recently verified second
    /// factor; the owner is notified.
    EndSessions "/v1/sessions/end" RequiredAuth::Session, idempotent => Acknowledgement {
        /// The session to end; all others if omitted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<SessionNumber>,
    }
}

device_signed! { LogIn }
sealed_calls! { LogIn => LogInResult }

session_calls! {
    LogOut => |_call| EndedSessions::ThisSession,
    EndSessions
}

/// A code that was mailed for logging in, with the ticket of its request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogInCode {
    /// The ticket of the request for the code.
    pub ticket: Ticket,
    /// The eight digits of the mailed code.
    pub code: MailedCodeText,
}

/// The result of a log-in, as it is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogInResult {
    /// The token of the new session.
    pub session: SessionToken,
    /// Whether a recovery code was used: then only enrolling a new second factor is accepted next.
    pub must_enrol: bool,
}

/// The number of a session within its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = u32))]
pub struct SessionNumber(pub SessionId);
