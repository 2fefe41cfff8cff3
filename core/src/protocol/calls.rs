//! Every message of the accounts: one type each, which says its path, who has to have signed it and what the answer is.
//! Issuer and wallet both go by it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::handle::Handle;
use super::ids::{DeviceId, SessionId};
use super::long_code::{NoticeCode, RecoveryCode};
use super::text::{
    CardNumber, CardToken, Ciphertext, CredentialName, CurrencyName, DeviceKey, DeviceName,
    Ed25519Key, EventNumber, MailedCodeText, PasswordText, PaymentNumber, RequestName, SaleNumber,
    SecretText, SessionToken, Ticket, TotpText, X25519Key,
};
use crate::UnixTime;
use crate::code::ShopName;

/// A message to the issuer: `POST` of its JSON to its path.
pub trait Call: Serialize + DeserializeOwned {
    /// What the issuer answers when it did as asked, with status 200.
    type Answer: Serialize + DeserializeOwned;
    /// Where it goes.
    const PATH: &'static str;
    /// Who has to be behind it.
    const AUTH: RequiredAuth;
    /// Whether it may be sent again when no answer came: done twice, it is as if it was done once.
    const IS_IDEMPOTENT: bool;
}

/// Who has to be behind a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredAuth {
    /// Anyone.
    Anyone,
    /// The device whose key stands in it: it signed the message for this purpose.
    Device(&'static str),
    /// A session.
    Session,
    /// A session, and the device that it is on: its key stands in the message, and it signed it for this purpose.
    DeviceInSession(&'static str),
}

impl RequiredAuth {
    /// What a device signed the message for, if one has to.
    #[must_use]
    pub const fn signed_for(self) -> Option<&'static str> {
        match self {
            Self::Device(purpose) | Self::DeviceInSession(purpose) => Some(purpose),
            Self::Anyone | Self::Session => None,
        }
    }
}

/// A signed message, which names the key that signed it.
pub trait DeviceSigned {
    /// The key.
    fn device(&self) -> &DeviceKey;
}

/// A message of a session.
pub trait SessionCall: Call {
    /// Which sessions are no more once it is done.
    fn ends(&self) -> EndedSessions {
        EndedSessions::Nothing
    }
}

/// What ends with a message of a session, as far as whoever sends it is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedSessions {
    /// No session, or others only.
    Nothing,
    /// The session that it is sent in.
    ThisSession,
    /// All sessions of a device.
    SessionsOf(DeviceId),
}

macro_rules! calls {
    (@idempotent) => { false };
    (@idempotent idempotent) => { true };
    ($($(#[$doc:meta])* $name:ident $path:literal $by:expr $(, $idempotent:ident)? => $answer:ty {
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
    })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $type,)*
            }

            impl Call for $name {
                type Answer = $answer;
                const PATH: &'static str = $path;
                const AUTH: RequiredAuth = $by;
                const IS_IDEMPOTENT: bool = calls!(@idempotent $($idempotent)?);
            }
        )*

        /// The paths of all messages, with who has to be behind each.
        pub const ENDPOINTS: &[(&str, RequiredAuth)] = &[$(($path, $by)),*];

        #[cfg(test)]
        const IDEMPOTENCE: &[(&str, bool)] = &[$((stringify!($name), $name::IS_IDEMPOTENT)),*];
    };
}

calls! {
    /// Begins a sign-up. The response is the same whether or not the address has an account; the mail says which.
    BeginSignUp "/v1/sign-ups" RequiredAuth::Device("sign-up") => IssuedTicket {
        /// The e-mail address.
        address: Handle,
        /// The language of mails to the account.
        language: Language,
        /// The key of the device that signs up.
        device: DeviceKey,
        /// The device's name.
        device_name: DeviceName,
    }

    /// Confirms a sign-up with the mailed code and sets the password. Returns the second factor's secret, once.
    VerifySignUpCode "/v1/sign-ups/code" RequiredAuth::Device("sign-up-code") => FactorEnrolment {
        /// The ticket of the sign-up.
        ticket: Ticket,
        /// The key of the device that signs up.
        device: DeviceKey,
        /// The eight digits of the mailed code.
        code: MailedCodeText,
        /// The new password: at least 8 characters, and no common one.
        password: PasswordText,
    }

    /// Completes a sign-up with a code of the second factor. Returns a session and the recovery codes, once.
    FinishSignUp "/v1/sign-ups/factor" RequiredAuth::Device("sign-up-factor") => SignUpResult {
        /// The ticket of the sign-up.
        ticket: Ticket,
        /// The key of the device that signs up.
        device: DeviceKey,
        /// The six digits from the authenticator.
        totp: TotpText,
    }

    /// Logs in. A device that the account does not know needs a second factor. A refusal does not say what was wrong.
    LogIn "/v1/log-ins" RequiredAuth::Device("log-in") => LogInResult {
        /// The account's e-mail address.
        handle: Handle,
        /// The password.
        password: PasswordText,
        /// A second factor; optional on a device that the account knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second_factor: Option<SecondFactor>,
        /// The key of the device that logs in.
        device: DeviceKey,
        /// The device's name.
        device_name: DeviceName,
    }

    /// Begins a password reset. The response is the same whether or not the account exists; a code is mailed only to the
    /// verified address.
    BeginPasswordReset "/v1/resets" RequiredAuth::Device("reset") => IssuedTicket {
        /// The account's e-mail address.
        handle: Handle,
        /// The key of the requesting device, which the reset is bound to.
        device: DeviceKey,
        /// The device's name, for the mail.
        device_name: DeviceName,
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

    /// Completes a verified reset with the new password. Ends all sessions, other resets and payment credentials.
    FinishPasswordReset "/v1/resets/finish" RequiredAuth::Device("reset-finish") => Acknowledgement {
        /// The ticket of the reset.
        ticket: Ticket,
        /// The key of the device that began the reset.
        device: DeviceKey,
        /// The new password: at least 8 characters, and no common one.
        password: PasswordText,
    }

    /// Freezes the account with the code from a notice.
    FreezeByCode "/v1/freezes" RequiredAuth::Anyone => Acknowledgement {
        /// The account's e-mail address, current or before a change.
        handle: Handle,
        /// The code from the notice.
        code: NoticeCode,
    }

    /// Undoes the changes of the last seven days with the code from a notice and a second factor from before them. The
    /// password has to be reset afterwards.
    RevertChanges "/v1/take-backs" RequiredAuth::Anyone => Acknowledgement {
        /// The account's e-mail address, current or before a change.
        handle: Handle,
        /// The code from the notice.
        code: NoticeCode,
        /// A second factor from before the changes.
        second_factor: SecondFactor,
    }

    /// Returns the account with its devices and sessions.
    GetAccount "/v1/account" RequiredAuth::Session, idempotent => AccountOverview {}

    /// Exports the owner's data without secrets: the account and its events. Requires a recent full login, and the owner is
    /// notified by mail. Cards and payments are at `/v1/cards` and `/v1/payments`.
    ExportAccount "/v1/account/export" RequiredAuth::Session, idempotent => AccountExport {
        /// The last event of the previous page; the first page if omitted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<EventNumber>,
    }

    /// Verifies the second factor in this session for the next five minutes.
    VerifyFactor "/v1/session/factor" RequiredAuth::Session => Acknowledgement {
        /// The six digits from the authenticator.
        totp: TotpText,
    }

    /// Ends this session.
    LogOut "/v1/session/end" RequiredAuth::Session, idempotent => Acknowledgement {}

    /// Ends another session or all others.
    EndSessions "/v1/sessions/end" RequiredAuth::Session, idempotent => Acknowledgement {
        /// The session to end; all others if omitted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<SessionNumber>,
    }

    /// Removes a device with its sessions and its payment credential.
    ForgetDevice "/v1/devices/forget" RequiredAuth::Session => Acknowledgement {
        /// The device to remove.
        device: DeviceNumber,
    }

    /// Begins to replace the second factor. Returns the new one's secret, once.
    BeginFactorEnrolment "/v1/second-factor" RequiredAuth::Session => FactorEnrolment {}

    /// Completes the replacement with a code of the new second factor.
    ConfirmFactorEnrolment "/v1/second-factor/code" RequiredAuth::Session => Acknowledgement {
        /// The six digits from the new authenticator.
        totp: TotpText,
    }

    /// Replaces the recovery codes and returns ten new ones, once.
    RenewRecoveryCodes "/v1/recovery-codes" RequiredAuth::Session => RecoveryCodes {}

    /// Begins to change the address. A code is mailed to the new one.
    ChangeAddress "/v1/address" RequiredAuth::Session => Acknowledgement {
        /// The new address.
        address: Handle,
        /// The language of mails to the account.
        language: Language,
    }

    /// Completes the change of address with the code mailed to the new one.
    ConfirmAddressChange "/v1/address/code" RequiredAuth::Session => Acknowledgement {
        /// The eight digits of the mailed code.
        code: MailedCodeText,
    }

    /// Lists the account's cards. Payments are charged to the default one.
    ListCards "/v1/cards" RequiredAuth::Session, idempotent => Cards {}

    /// Adds a card by its processor token. Requires a recently verified second factor. The first card is the default.
    AddCard "/v1/cards/add" RequiredAuth::Session => Cards {
        /// The processor's token, never the card's number.
        token: CardToken,
    }

    /// Makes another card the default. Requires a recently verified second factor.
    SetDefaultCard "/v1/cards/default" RequiredAuth::Session, idempotent => Cards {
        /// The card to charge from now on.
        card: CardNumber,
    }

    /// Removes a card immediately. If it was the default, the oldest remaining card becomes the default.
    RemoveCard "/v1/cards/remove" RequiredAuth::Session => Cards {
        /// The card to remove.
        card: CardNumber,
    }

    /// Lists up to a hundred payments and declined ones, newest first.
    ListPayments "/v1/payments" RequiredAuth::Session, idempotent => PaymentPage {
        /// The last payment of the previous page; the first page if omitted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<PaymentNumber>,
    }

    /// Freezes the account, so that nothing can be paid.
    FreezeAccount "/v1/account/freeze" RequiredAuth::Session, idempotent => Acknowledgement {}

    /// Unfreezes an account that its owner froze.
    UnfreezeAccount "/v1/account/unfreeze" RequiredAuth::Session => Acknowledgement {}

    /// Requests the deletion of the account after seven days.
    RequestDeletion "/v1/account/close" RequiredAuth::Session => Acknowledgement {}

    /// Cancels the deletion of the account.
    CancelDeletion "/v1/account/keep" RequiredAuth::Session => Acknowledgement {}

    /// Provisions a payment credential that replaces the device's previous one. Requires a second factor verified within
    /// five minutes. Repeating the message returns the same credential as long as it is valid.
    Provision "/v1/credentials" RequiredAuth::DeviceInSession("provision"), idempotent => ProvisionedCredential {
        /// The device's id of this request.
        request: RequestName,
        /// The key of the requesting device.
        device: DeviceKey,
        /// The public key that the response is encrypted to, made for this request alone.
        key: X25519Key,
    }
}

macro_rules! by_device {
    ($($name:ident)*) => {$(
        impl DeviceSigned for $name {
            fn device(&self) -> &DeviceKey {
                &self.device
            }
        }
    )*};
}

by_device! { BeginSignUp VerifySignUpCode FinishSignUp LogIn BeginPasswordReset VerifyPasswordReset FinishPasswordReset Provision }

macro_rules! in_session {
    ($($name:ident $(=> |$call:ident| $ends:expr)?),*) => {$(
        impl SessionCall for $name {
            $(fn ends(&self) -> EndedSessions {
                let $call = self;
                $ends
            })?
        }
        const _: () = assert!(matches!($name::AUTH, RequiredAuth::Session));
    )*};
}

in_session! {
    GetAccount, ExportAccount, VerifyFactor, LogOut => |_call| EndedSessions::ThisSession, EndSessions,
    ForgetDevice => |call| EndedSessions::SessionsOf(call.device.0), BeginFactorEnrolment, ConfirmFactorEnrolment, RenewRecoveryCodes,
    ChangeAddress, ConfirmAddressChange, ListCards, AddCard, SetDefaultCard, RemoveCard, ListPayments, FreezeAccount,
    UnfreezeAccount, RequestDeletion, CancelDeletion
}

/// A second factor: a code of the authenticator or a recovery code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SecondFactor {
    /// The six digits from the authenticator.
    Totp(TotpText),
    /// One of the recovery codes, which this uses up.
    RecoveryCode(RecoveryCode),
}

/// The language of mails to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Language {
    /// Japanese.
    Ja,
    /// English.
    En,
}

/// The number of a session within its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = u32))]
pub struct SessionNumber(pub SessionId);

/// The id of a device within its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceNumber(pub DeviceId);

described! {
    DeviceNumber, "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", "The id of a device within its account.", 43,
    "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
}

/// An empty response: the request was carried out.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Acknowledgement {}

/// A sign-up or reset that was begun, if it was possible.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuedTicket {
    /// The ticket to send with the messages that follow.
    pub ticket: Ticket,
}

/// The secret of a new second factor, for an authenticator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FactorEnrolment {
    /// An `otpauth` URI, shown once.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub otpauth: SecretText,
}

/// The result of a sign-up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignUpResult {
    /// The session token.
    pub session: SessionToken,
    /// Ten recovery codes, returned once.
    pub recovery_codes: Vec<RecoveryCode>,
}

/// The result of a login.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogInResult {
    /// The session token.
    pub session: SessionToken,
    /// Whether a recovery code was used: then only enrolling a new second factor is accepted next.
    pub must_enrol: bool,
}

/// New recovery codes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    /// Ten recovery codes, returned once.
    pub recovery_codes: Vec<RecoveryCode>,
}

/// A payment credential, encrypted to the device with HPKE (RFC 9180): base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
/// AES-256-GCM. `info` is `tegata/v1/provision`, the associated data SHA-256 of the request's body and the credential's
/// id.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProvisionedCredential {
    /// The credential's id.
    pub credential: CredentialName,
    /// The encapsulated key.
    pub enc: X25519Key,
    /// An encrypted [`Grant`](super::Grant).
    pub ciphertext: Ciphertext,
    /// The public key of the issuer's till cards.
    pub till_card_key: Ed25519Key,
    /// The issuer's time: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub time: UnixTime,
}

/// An account as its owner sees it, without secrets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountOverview {
    /// The verified address.
    pub address: Handle,
    /// The language of mails to the account.
    pub language: Language,
    /// The known devices.
    pub devices: Vec<AccountDevice>,
    /// The valid sessions.
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

/// The cards of an account, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cards {
    /// The cards, oldest first.
    pub cards: Vec<AccountCard>,
}

/// A card of an account, without its number.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountCard {
    /// The card's id at the issuer.
    pub card: CardNumber,
    /// The brand as the processor names it.
    #[cfg_attr(feature = "openapi", schema(example = "visa"))]
    pub brand: String,
    /// The last four digits of the card's number.
    #[cfg_attr(feature = "openapi", schema(example = "4242"))]
    pub last4: String,
    /// Whether payments are charged to this card.
    pub default: bool,
}

/// A page of an account's payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentPage {
    /// The payments, newest first.
    pub payments: Vec<AccountPayment>,
    /// Whether there is a next page with earlier ones.
    pub earlier: bool,
    /// Number of decimals of an amount.
    #[cfg_attr(feature = "openapi", schema(example = 0, maximum = 4))]
    pub decimals: u8,
}

/// A payment as on its receipt, without its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountPayment {
    /// The payment's id.
    pub payment: PaymentNumber,
    /// The shop's name.
    pub shop: ShopName,
    /// The till's reference of the sale.
    pub reference: SaleNumber,
    /// The amount in minor units of the currency.
    #[cfg_attr(feature = "openapi", schema(example = 1980))]
    pub amount: u64,
    /// The currency (ISO 4217).
    pub currency: CurrencyName,
    /// The state of the payment.
    pub state: PaymentState,
    /// When the payment was made: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub time: UnixTime,
    /// When its state last changed: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub since: UnixTime,
}

/// The state of a payment as its owner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PaymentState {
    /// It is not known yet whether the card was charged.
    Waiting,
    /// The card was charged.
    Paid,
    /// Nothing was charged: over the limit for one payment or a day.
    OverLimit,
    /// Nothing was charged: the account is frozen or on hold.
    Held,
    /// Nothing was charged: the payment credential was revoked.
    NotValid,
    /// Nothing was charged: there was no card or it was declined.
    CardDeclined,
    /// The payment is being voided.
    BeingTakenBack,
    /// Voided before the card was charged.
    Cancelled,
    /// The format_amount went back to the card.
    Refunded,
}

/// Formats an amount in minor units: `¥1,980`, `19.80 EUR`.
#[must_use]
pub fn format_amount(amount: u64, currency: &str, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    let digits = format!("{amount:0>width$}", width = decimals + 1);
    let (whole, part) = digits.split_at(digits.len() - decimals);
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if decimals > 0 {
        text = format!("{text}.{part}");
    }
    if currency == "JPY" { format!("¥{text}") } else { format!("{text} {currency}") }
}

/// A device of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountDevice {
    /// The device's id.
    pub device: DeviceNumber,
    /// The device's name.
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
    /// The session's number.
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
    /// The event's id.
    pub event: EventNumber,
    /// What happened.
    #[cfg_attr(feature = "openapi", schema(example = "logged_in"))]
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

    #[test]
    fn amounts_read_as_people_write_them() {
        let all = [
            ((0, "JPY", 0), "¥0"),
            ((999, "JPY", 0), "¥999"),
            ((1980, "JPY", 0), "¥1,980"),
            ((123_456_789, "JPY", 0), "¥123,456,789"),
            ((5, "EUR", 2), "0.05 EUR"),
            ((123_456, "EUR", 2), "1,234.56 EUR"),
            ((u64::MAX, "KWD", 4), "1,844,674,407,370,955.1615 KWD"),
        ];
        for ((amount, currency, decimals), text) in all {
            assert_eq!(format_amount(amount, currency, decimals), text);
        }
    }

    #[test]
    fn what_uses_something_up_or_gives_something_new_is_never_sent_twice_unasked() {
        let repeated = IDEMPOTENCE.iter().filter(|(_, is_idempotent)| *is_idempotent);
        let repeated: Vec<_> = repeated.map(|(name, _)| *name).collect();
        let expected = [
            "GetAccount",
            "ExportAccount",
            "LogOut",
            "EndSessions",
            "ListCards",
            "SetDefaultCard",
            "ListPayments",
            "FreezeAccount",
            "Provision",
        ];
        assert_eq!(repeated, expected);
    }

    proptest! {
        #[test]
        fn a_devices_number_is_what_the_description_says(
            text in prop::string::string_regex(DeviceNumber::PATTERN).unwrap(),
        ) {
            prop_assert!(DeviceId::try_from(text.clone()).is_ok(), "{}", text);
        }
    }
}
