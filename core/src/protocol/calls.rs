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
    /// Begins a sign-up. The answer is the same whether or not the address has an account already; what is mailed tells.
    BeginSignUp "/v1/sign-ups" RequiredAuth::Device("sign-up") => IssuedTicket {
        /// The address.
        address: Handle,
        /// The language of mails.
        language: Language,
        /// The key of the device that signs up.
        device: DeviceKey,
        /// What the device is called.
        device_name: DeviceName,
    }

    /// The mailed code of a sign-up, with the password to be. A second factor's secret comes back, once.
    VerifySignUpCode "/v1/sign-ups/code" RequiredAuth::Device("sign-up-code") => FactorEnrolment {
        /// Which sign-up.
        ticket: Ticket,
        /// The key of the device that signs up.
        device: DeviceKey,
        /// The eight digits of the mail.
        code: MailedCodeText,
        /// At least 8 characters, not one that others have guessed before.
        password: PasswordText,
    }

    /// The first value of a sign-up's second factor: the account is there, with its recovery codes, shown once.
    FinishSignUp "/v1/sign-ups/factor" RequiredAuth::Device("sign-up-factor") => SignUpResult {
        /// Which sign-up.
        ticket: Ticket,
        /// The key of the device that signs up.
        device: DeviceKey,
        /// The authenticator's value.
        totp: TotpText,
    }

    /// Logs in. On a device that the account does not know a second factor is asked for; refused is refused, and what
    /// was wrong is not told.
    LogIn "/v1/log-ins" RequiredAuth::Device("log-in") => LogInResult {
        /// The address.
        handle: Handle,
        /// The password.
        password: PasswordText,
        /// A second factor; may be left out on a device that the account knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second_factor: Option<SecondFactor>,
        /// The key of the device that logs in.
        device: DeviceKey,
        /// What the device is called.
        device_name: DeviceName,
    }

    /// Begins a reset of the password. The answer is the same whether or not there is such an account; a code goes to
    /// the address that was verified, and to no other.
    BeginPasswordReset "/v1/resets" RequiredAuth::Device("reset") => IssuedTicket {
        /// The address that the shopper logs in with.
        handle: Handle,
        /// The key of the device that asks; the reset is bound to it.
        device: DeviceKey,
        /// What the device is called, for the mail.
        device_name: DeviceName,
    }

    /// The mailed code and a second factor, for a reset. Refused is refused, and which was wrong is not told.
    VerifyPasswordReset "/v1/resets/proof" RequiredAuth::Device("reset-proof") => Acknowledgement {
        /// Which reset.
        ticket: Ticket,
        /// The key of the device that asked.
        device: DeviceKey,
        /// The eight digits of the mail.
        code: MailedCodeText,
        /// A second factor enrolled before.
        second_factor: SecondFactor,
    }

    /// The new password of a proved reset. Sessions, other resets and payment credentials end; log in.
    FinishPasswordReset "/v1/resets/finish" RequiredAuth::Device("reset-finish") => Acknowledgement {
        /// Which reset.
        ticket: Ticket,
        /// The key of the device that asked.
        device: DeviceKey,
        /// At least 8 characters, not one that others have guessed before.
        password: PasswordText,
    }

    /// The code of a notice: freezes the account.
    FreezeByCode "/v1/freezes" RequiredAuth::Anyone => Acknowledgement {
        /// The address, as it is or as it was before a change.
        handle: Handle,
        /// The code of the notice.
        code: NoticeCode,
    }

    /// The code of a notice, with the second factor as it was: takes the changes of the last days back. The password has
    /// to be reset then.
    RevertChanges "/v1/take-backs" RequiredAuth::Anyone => Acknowledgement {
        /// The address, as it is or as it was before a change.
        handle: Handle,
        /// The code of the notice.
        code: NoticeCode,
        /// A second factor from before the changes.
        second_factor: SecondFactor,
    }

    /// What the account is: devices, sessions, what is left.
    GetAccount "/v1/account" RequiredAuth::Session, idempotent => AccountOverview {}

    /// What the issuer keeps of the account's owner but what proves her, for her to take with her: the account, and what
    /// happened to it. Asks for a full log-in just now; a mail tells of it. Her cards and payments, which are kept as well,
    /// are at `/v1/cards` and `/v1/payments`.
    ExportAccount "/v1/account/export" RequiredAuth::Session, idempotent => AccountExport {
        /// The last event of the page before this one; without it, the first page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<EventNumber>,
    }

    /// Proves the second factor in this session, for the next five minutes.
    VerifyFactor "/v1/session/factor" RequiredAuth::Session => Acknowledgement {
        /// The authenticator's value.
        totp: TotpText,
    }

    /// Ends this session.
    LogOut "/v1/session/end" RequiredAuth::Session, idempotent => Acknowledgement {}

    /// Ends another session, or all others.
    EndSessions "/v1/sessions/end" RequiredAuth::Session, idempotent => Acknowledgement {
        /// Which; all others, if none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<SessionNumber>,
    }

    /// Forgets a device, its sessions and its payment credential.
    ForgetDevice "/v1/devices/forget" RequiredAuth::Session => Acknowledgement {
        /// Which.
        device: DeviceNumber,
    }

    /// A new second factor in the place of the old: its secret comes back, once.
    BeginFactorEnrolment "/v1/second-factor" RequiredAuth::Session => FactorEnrolment {}

    /// The first value of the new second factor.
    ConfirmFactorEnrolment "/v1/second-factor/code" RequiredAuth::Session => Acknowledgement {
        /// The new authenticator's value.
        totp: TotpText,
    }

    /// Ten new recovery codes in the place of the old, shown once.
    RenewRecoveryCodes "/v1/recovery-codes" RequiredAuth::Session => RecoveryCodes {}

    /// Another address: a code is mailed to it.
    ChangeAddress "/v1/address" RequiredAuth::Session => Acknowledgement {
        /// The new address.
        address: Handle,
        /// The language of mails.
        language: Language,
    }

    /// The code mailed to the new address.
    ConfirmAddressChange "/v1/address/code" RequiredAuth::Session => Acknowledgement {
        /// The eight digits of the mail.
        code: MailedCodeText,
    }

    /// The cards that are kept: what is paid is charged to one of them.
    ListCards "/v1/cards" RequiredAuth::Session, idempotent => Cards {}

    /// Adds a card, by the token that the processor gave out for it. Asks for the second factor. The first one is the
    /// one that is charged.
    AddCard "/v1/cards/add" RequiredAuth::Session => Cards {
        /// The processor's token, never a card's number.
        token: CardToken,
    }

    /// Another card is charged from now on. Asks for the second factor.
    SetDefaultCard "/v1/cards/default" RequiredAuth::Session, idempotent => Cards {
        /// Which.
        card: CardNumber,
    }

    /// Removes a card at once. If it was the one that is charged, the one that was there longest is.
    RemoveCard "/v1/cards/remove" RequiredAuth::Session => Cards {
        /// Which.
        card: CardNumber,
    }

    /// What was paid with the account, and what was not: the newest first, up to a hundred.
    ListPayments "/v1/payments" RequiredAuth::Session, idempotent => PaymentPage {
        /// The last payment of the page before this one; without it, the first page.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<PaymentNumber>,
    }

    /// Stops all spending of the account.
    FreezeAccount "/v1/account/freeze" RequiredAuth::Session, idempotent => Acknowledgement {}

    /// Takes one's own freeze back.
    UnfreezeAccount "/v1/account/unfreeze" RequiredAuth::Session => Acknowledgement {}

    /// Asks for the deletion of the account, in seven days.
    RequestDeletion "/v1/account/close" RequiredAuth::Session => Acknowledgement {}

    /// Takes the wish for deletion back.
    CancelDeletion "/v1/account/keep" RequiredAuth::Session => Acknowledgement {}

    /// Asks for a payment credential, in the place of the one before, in a session whose second factor was proved within
    /// five minutes. The same message again gives the same credential for as long as it counts.
    Provision "/v1/credentials" RequiredAuth::DeviceInSession("provision"), idempotent => ProvisionedCredential {
        /// What the device calls this request.
        request: RequestName,
        /// The key of the device that asks.
        device: DeviceKey,
        /// What the answer is sealed to: made for this request alone.
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

/// A second factor, of one of two kinds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SecondFactor {
    /// A value of the authenticator.
    Totp(TotpText),
    /// One of the recovery codes, used up by it.
    RecoveryCode(RecoveryCode),
}

/// The language of mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Language {
    /// Japanese.
    Ja,
    /// English.
    En,
}

/// A session's number within its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = u32))]
pub struct SessionNumber(pub SessionId);

/// A device's id within its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceNumber(pub DeviceId);

described! {
    DeviceNumber, "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", "A device's id within its account.", 43,
    "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
}

/// Done; there is nothing more to say.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Acknowledgement {}

/// Something began, if it could: what names it from now on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuedTicket {
    /// To be given with what follows.
    pub ticket: Ticket,
}

/// A second factor's secret, for an authenticator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FactorEnrolment {
    /// An `otpauth` URI, shown once.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub otpauth: SecretText,
}

/// An account was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignUpResult {
    /// What proves the session.
    pub session: SessionToken,
    /// Ten, shown once.
    pub recovery_codes: Vec<RecoveryCode>,
}

/// A session was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogInResult {
    /// What proves it.
    pub session: SessionToken,
    /// A recovery code stood in for the second factor: nothing but enrolling a new one is taken before that is done.
    pub must_enrol: bool,
}

/// New recovery codes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    /// Ten, shown once.
    pub recovery_codes: Vec<RecoveryCode>,
}

/// A payment credential, sealed to the device by HPKE (RFC 9180): base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
/// AES-256-GCM. `info` is `tegata/v1/provision`, the associated data SHA-256 of the request's body and the credential's
/// name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProvisionedCredential {
    /// Which credential.
    pub credential: CredentialName,
    /// The encapsulated key.
    pub enc: X25519Key,
    /// A [`Grant`](super::Grant), sealed.
    pub ciphertext: Ciphertext,
    /// What the issuer signs the cards of its tills with.
    pub till_card_key: Ed25519Key,
    /// The issuer's time: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub time: UnixTime,
}

/// An account, as its owner sees it: all that is kept of her but what proves her.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountOverview {
    /// The verified address.
    pub address: Handle,
    /// The language of mails.
    pub language: Language,
    /// The devices that it knows.
    pub devices: Vec<AccountDevice>,
    /// The sessions that count.
    pub sessions: Vec<AccountSession>,
    /// How many recovery codes are left.
    pub recovery_codes_left: usize,
    /// A new second factor is due.
    pub must_enrol: bool,
    /// Nothing is spent.
    pub frozen: bool,
    /// When it is deleted: seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u64>))]
    pub closing: Option<UnixTime>,
}

/// The cards of an account, in the order in which they came.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cards {
    /// They.
    pub cards: Vec<AccountCard>,
}

/// A card of an account. Its number is nowhere here.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountCard {
    /// What it is called here.
    pub card: CardNumber,
    /// Its brand, in the processor's word.
    #[cfg_attr(feature = "openapi", schema(example = "visa"))]
    pub brand: String,
    /// The last four digits of its number.
    #[cfg_attr(feature = "openapi", schema(example = "4242"))]
    pub last4: String,
    /// Whether it is the one that is charged.
    pub default: bool,
}

/// A page of an account's payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentPage {
    /// The newest first.
    pub payments: Vec<AccountPayment>,
    /// Whether there are earlier ones, on the next page.
    pub earlier: bool,
    /// How many digits of an amount are behind the point.
    #[cfg_attr(feature = "openapi", schema(example = 0, maximum = 4))]
    pub decimals: u8,
}

/// A payment, as its receipt has it. No code is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountPayment {
    /// Its number.
    pub payment: PaymentNumber,
    /// Where.
    pub shop: ShopName,
    /// The till's own number for the sale.
    pub reference: SaleNumber,
    /// In minor units of the currency.
    #[cfg_attr(feature = "openapi", schema(example = 1980))]
    pub amount: u64,
    /// In what.
    pub currency: CurrencyName,
    /// How it stands.
    pub state: PaymentState,
    /// When the code was taken: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub time: UnixTime,
    /// Since when it stands so: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub since: UnixTime,
}

/// How a payment stands, in words that its owner can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PaymentState {
    /// It is not known yet whether the card was charged.
    Waiting,
    /// The card was charged.
    Paid,
    /// Nothing was charged: more than may be spent at once, or in a day.
    OverLimit,
    /// Nothing was charged: the account pays for nothing at present, since it is frozen or held.
    Held,
    /// Nothing was charged: the credential counted no longer.
    NotValid,
    /// Nothing was charged: there was no card, or it was not good for it.
    CardDeclined,
    /// It is being taken back.
    BeingTakenBack,
    /// Taken back before the card was charged.
    Cancelled,
    /// The format_amount went back to the card.
    Refunded,
}

/// An amount in minor units as a person reads it: `¥1,980`, `19.80 EUR`.
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
    /// Its id.
    pub device: DeviceNumber,
    /// What it is called.
    pub name: DeviceName,
    /// Since when it is known: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub since: UnixTime,
    /// Whether it is the one that asks.
    pub this: bool,
}

/// A session of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountSession {
    /// Its number.
    pub session: SessionNumber,
    /// The device it is on.
    pub device: DeviceNumber,
    /// When it was made: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub since: UnixTime,
    /// When it was last used, to some minutes: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub seen: UnixTime,
    /// Whether it is the one that asks.
    pub this: bool,
}

/// What is kept of an account's owner but what proves her, and her cards and payments, which have calls of their own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountExport {
    /// The account as it is.
    pub account: AccountOverview,
    /// What happened to it, newest first.
    pub events: Vec<AccountEvent>,
    /// Whether there are earlier ones, on the next page.
    pub earlier: bool,
}

/// Something that happened to an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountEvent {
    /// Its number.
    pub event: EventNumber,
    /// What.
    #[cfg_attr(feature = "openapi", schema(example = "logged_in"))]
    pub deed: String,
    /// When: seconds since 1970.
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
