//! The account as a whole: what it is, freezing it, changing its address, deleting it.

use serde::{Deserialize, Serialize};

use super::call::{Acknowledgement, Call, EndedSessions, RequiredAuth, SessionCall};
use super::factor::SecondFactor;
use super::handle::Handle;
use super::ids::DeviceId;
use super::log_in::SessionNumber;
use super::long_code::{NoticeCode, RecoveryCode};
use super::secrets::{EventNumber, MailedCodeText};
use super::values::DeviceName;
use crate::UnixTime;

calls! {
    /// Returns the account with its devices and sessions.
    GetAccount "/v1/account" RequiredAuth::Session, idempotent => AccountOverview {}

    /// Exports the owner's data without secrets: the account and its events. Requires a recent full login, and the owner is
    /// notified by mail. Cards and payments are at `/v1/cards` and `/v1/payments`.
    ExportAccount "/v1/account/export" RequiredAuth::SignedSession, idempotent => AccountExport {
        /// The last event of the previous page; the first page if omitted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<EventNumber>,
    }

    /// Removes a device with its sessions and its payment credential. Requires the signature of the session's device, or a
    /// recently verified second factor; the owner is notified.
    ForgetDevice "/v1/devices/forget" RequiredAuth::Session => Acknowledgement {
        /// The device to remove.
        device: DeviceNumber,
    }

    /// Freezes the account, so that nothing can be paid. Requires the signature of the session's device, or a recently
    /// verified second factor.
    FreezeAccount "/v1/account/freeze" RequiredAuth::Session, idempotent => Acknowledgement {}

    /// Unfreezes an account that its owner froze. Requires a recently verified second factor.
    UnfreezeAccount "/v1/account/unfreeze" RequiredAuth::SignedSession => Acknowledgement {
        /// One of the recovery codes, which this uses up: for a freeze made with another one, or, from before the changes,
        /// for one made with the code of a notice (`recovery-code-needed`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recovery_code: Option<RecoveryCode>,
    }

    /// Freezes the account with the code from a notice.
    FreezeByCode "/v1/freezes" RequiredAuth::Anyone => Acknowledgement {
        /// The account's e-mail address, current or before a change.
        handle: Handle,
        /// The code from the notice.
        code: NoticeCode,
    }

    /// Undoes the changes of the last seven days with the code from a notice and a recovery code from before them, or the
    /// authenticator's value if it was not replaced: what was replaced was lost. The password has to be reset afterwards.
    RevertChanges "/v1/take-backs" RequiredAuth::Anyone => Acknowledgement {
        /// The account's e-mail address, current or before a change.
        handle: Handle,
        /// The code from the notice.
        code: NoticeCode,
        /// A recovery code from before the changes, or a value of the authenticator if it is the same as before.
        second_factor: SecondFactor,
    }

    /// Begins to change the address. A code is mailed to the new one.
    ChangeAddress "/v1/address" RequiredAuth::SignedSession => Acknowledgement {
        /// The new email address.
        address: Handle,
        /// The language of mails to the account.
        language: Language,
    }

    /// Completes the change of address with the code mailed to the new one.
    ConfirmAddressChange "/v1/address/code" RequiredAuth::SignedSession => Acknowledgement {
        /// The eight digits of the mailed code.
        code: MailedCodeText,
    }

    /// Requests the deletion of the account after seven days.
    RequestDeletion "/v1/account/close" RequiredAuth::SignedSession => Acknowledgement {}

    /// Cancels the deletion of the account. Requires the signature of the session's device, or a recently verified second
    /// factor.
    CancelDeletion "/v1/account/keep" RequiredAuth::Session => Acknowledgement {}
}

session_calls! {
    GetAccount,
    ExportAccount,
    ForgetDevice => |call| EndedSessions::SessionsOf(call.device.0),
    FreezeAccount,
    UnfreezeAccount,
    ChangeAddress,
    ConfirmAddressChange,
    RequestDeletion,
    CancelDeletion
}

/// The language of mails to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Language {
    /// Mails in Japanese, `ja`.
    Ja,
    /// Mails in English, `en`.
    En,
}

/// The id of a device within its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceNumber(pub DeviceId);

newtype! {
    describe DeviceNumber, "The id of a device within its account.",
    [pattern: "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", max: 43,
        example: "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",]
}

/// An account as its owner sees it, without secrets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountOverview {
    /// The verified email address.
    pub address: Handle,
    /// The language of mails to the account.
    pub language: Language,
    /// The devices that the account knows.
    pub devices: Vec<AccountDevice>,
    /// The sessions that have not ended.
    pub sessions: Vec<AccountSession>,
    /// The number of unused recovery codes.
    pub recovery_codes_left: usize,
    /// Whether a new second factor has to be enrolled.
    pub must_enrol: bool,
    /// Whether the account is frozen.
    pub frozen: bool,
    /// When the account is deleted, if requested: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u64>))]
    pub closing: Option<UnixTime>,
}

/// A device of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountDevice {
    /// The id of the device.
    pub device: DeviceNumber,
    /// The name of the device.
    pub name: DeviceName,
    /// When the account first knew it: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub since: UnixTime,
    /// Whether it is the requesting one.
    pub this: bool,
}

/// A session of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountSession {
    /// The number of the session.
    pub session: SessionNumber,
    /// The id of its device.
    pub device: DeviceNumber,
    /// When it began: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub since: UnixTime,
    /// When it was last used, to within some minutes: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub seen: UnixTime,
    /// Whether it is the requesting one.
    pub this: bool,
}

/// The exported data of an account's owner, without secrets. Cards and payments have calls of their own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountExport {
    /// The account in its current state.
    pub account: AccountOverview,
    /// The account's events, newest first.
    pub events: Vec<AccountEvent>,
    /// Whether there is a next page with earlier ones.
    pub earlier: bool,
}

/// An event of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountEvent {
    /// The id of the event.
    pub event: EventNumber,
    /// The kind of event.
    #[cfg_attr(feature = "openapi", schema(example = "logged_in"))]
    #[serde(deserialize_with = "crate::text::deserialize_plain")]
    pub deed: String,
    /// When it happened: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub at: UnixTime,
    /// Whether an operator of the issuer did it.
    pub by_operator: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn device_numbers_that_match_their_pattern_are_taken(
            text in prop::string::string_regex(DeviceNumber::PATTERN).unwrap(),
        ) {
            prop_assert!(DeviceId::try_from(text.clone()).is_ok(), "{}", text);
        }
    }
}
