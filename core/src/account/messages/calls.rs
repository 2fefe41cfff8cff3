//! Every message of the accounts: one type each, which says its path, who has to have signed it and what the answer is.
//! Issuer and wallet both go by it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::handle::Handle;
use super::super::ids::{DeviceId, SessionId};
use super::recovery_code::RecoveryCode;
use super::text::{
    CardNumber, CardToken, DeviceKey, DeviceName, MailedCodeText, PasswordText, SecretText,
    SessionToken, Ticket, TotpText,
};
use crate::UnixTime;

/// A message to the issuer: `POST` of its JSON to its path.
pub trait Call: Serialize + DeserializeOwned {
    /// What the issuer answers when it did as asked, with status 200.
    type Answer: Serialize + DeserializeOwned;
    /// Where it goes.
    const PATH: &'static str;
    /// Who has to be behind it.
    const BY: By;
}

/// Who has to be behind a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Anyone.
    Anyone,
    /// The device whose key stands in it: it signed the message for this purpose.
    Device(&'static str),
    /// A session.
    Session,
}

/// A signed message, which names the key that signed it.
pub trait ByDevice {
    /// The key.
    fn device(&self) -> &DeviceKey;
}

/// A message of a session.
pub trait InSession: Call {}

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident $path:literal $by:expr => $answer:ty {
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
                const BY: By = $by;
            }
        )*

        /// The paths of all messages, with who has to be behind each.
        pub const ALL: &[(&str, By)] = &[$(($path, $by)),*];
    };
}

calls! {
    /// Begins a sign-up. The answer is the same whether or not the address has an account already; what is mailed tells.
    SignUp "/v1/sign-ups" By::Device("sign-up") => Begun {
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
    SignUpCode "/v1/sign-ups/code" By::Device("sign-up-code") => Enrol {
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
    SignUpFactor "/v1/sign-ups/factor" By::Device("sign-up-factor") => SignedUp {
        /// Which sign-up.
        ticket: Ticket,
        /// The key of the device that signs up.
        device: DeviceKey,
        /// The authenticator's value.
        totp: TotpText,
    }

    /// Logs in. On a device that the account does not know a second factor is asked for; refused is refused, and what
    /// was wrong is not told.
    LogIn "/v1/log-ins" By::Device("log-in") => LoggedIn {
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
    Reset "/v1/resets" By::Device("reset") => Begun {
        /// The address that the shopper logs in with.
        handle: Handle,
        /// The key of the device that asks; the reset is bound to it.
        device: DeviceKey,
        /// What the device is called, for the mail.
        device_name: DeviceName,
    }

    /// The mailed code and a second factor, for a reset. Refused is refused, and which was wrong is not told.
    ResetProof "/v1/resets/proof" By::Device("reset-proof") => Done {
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
    ResetFinish "/v1/resets/finish" By::Device("reset-finish") => Done {
        /// Which reset.
        ticket: Ticket,
        /// The key of the device that asked.
        device: DeviceKey,
        /// At least 8 characters, not one that others have guessed before.
        password: PasswordText,
    }

    /// The code of a notice: freezes the account.
    FreezeByCode "/v1/freezes" By::Anyone => Done {
        /// The address, as it is or as it was before a change.
        handle: Handle,
        /// The eight digits of the notice.
        code: MailedCodeText,
    }

    /// The code of a notice, with the second factor as it was: takes the changes of the last days back. The password has
    /// to be reset then.
    TakeBack "/v1/take-backs" By::Anyone => Done {
        /// The address, as it is or as it was before a change.
        handle: Handle,
        /// The eight digits of the notice.
        code: MailedCodeText,
        /// A second factor from before the changes.
        second_factor: SecondFactor,
    }

    /// What the account is: devices, sessions, what is left.
    Overview "/v1/account" By::Session => AccountView {}

    /// Proves the second factor in this session, for the next five minutes.
    Prove "/v1/session/factor" By::Session => Done {
        /// The authenticator's value.
        totp: TotpText,
    }

    /// Ends this session.
    LogOut "/v1/session/end" By::Session => Done {}

    /// Ends another session, or all others.
    EndSessions "/v1/sessions/end" By::Session => Done {
        /// Which; all others, if none is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<SessionNumber>,
    }

    /// Forgets a device, its sessions and its payment credential.
    ForgetDevice "/v1/devices/forget" By::Session => Done {
        /// Which.
        device: DeviceNumber,
    }

    /// A new second factor in the place of the old: its secret comes back, once.
    EnrolFactor "/v1/second-factor" By::Session => Enrol {}

    /// The first value of the new second factor.
    EnrolFactorCode "/v1/second-factor/code" By::Session => Done {
        /// The new authenticator's value.
        totp: TotpText,
    }

    /// Ten new recovery codes in the place of the old, shown once.
    RenewRecovery "/v1/recovery-codes" By::Session => RecoveryCodes {}

    /// Another address: a code is mailed to it.
    MoveAddress "/v1/address" By::Session => Done {
        /// The new address.
        address: Handle,
        /// The language of mails.
        language: Language,
    }

    /// The code mailed to the new address.
    MoveAddressCode "/v1/address/code" By::Session => Done {
        /// The eight digits of the mail.
        code: MailedCodeText,
    }

    /// The cards that are kept: what is paid is charged to one of them.
    ListCards "/v1/cards" By::Session => Cards {}

    /// Adds a card, by the token that the processor gave out for it. Asks for the second factor. The first one is the
    /// one that is charged.
    AddCard "/v1/cards/add" By::Session => Cards {
        /// The processor's token, never a card's number.
        token: CardToken,
    }

    /// Another card is charged from now on. Asks for the second factor.
    DefaultCard "/v1/cards/default" By::Session => Cards {
        /// Which.
        card: CardNumber,
    }

    /// Removes a card at once. If it was the one that is charged, the one that was there longest is.
    RemoveCard "/v1/cards/remove" By::Session => Cards {
        /// Which.
        card: CardNumber,
    }

    /// Stops all spending of the account.
    Freeze "/v1/account/freeze" By::Session => Done {}

    /// Takes one's own freeze back.
    Unfreeze "/v1/account/unfreeze" By::Session => Done {}

    /// Asks for the deletion of the account, in seven days.
    Close "/v1/account/close" By::Session => Done {}

    /// Takes the wish for deletion back.
    Keep "/v1/account/keep" By::Session => Done {}
}

macro_rules! by_device {
    ($($name:ident)*) => {$(
        impl ByDevice for $name {
            fn device(&self) -> &DeviceKey {
                &self.device
            }
        }
    )*};
}

by_device! { SignUp SignUpCode SignUpFactor LogIn Reset ResetProof ResetFinish }

macro_rules! in_session {
    ($($name:ident)*) => {$(
        impl InSession for $name {}
        const _: () = assert!(matches!($name::BY, By::Session));
    )*};
}

in_session! {
    Overview Prove LogOut EndSessions ForgetDevice EnrolFactor EnrolFactorCode RenewRecovery
    MoveAddress MoveAddressCode ListCards AddCard DefaultCard RemoveCard Freeze Unfreeze Close Keep
}

/// A second factor, of one of two kinds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SecondFactor {
    /// A value of the authenticator.
    Totp(TotpText),
    /// One of the recovery codes, used up by it.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "000G-40R4-0M30-FZQZ"))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
pub struct DeviceNumber(pub DeviceId);

/// Done; there is nothing more to say.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Done {}

/// Something began, if it could: what names it from now on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Begun {
    /// To be given with what follows.
    pub ticket: Ticket,
}

/// A second factor's secret, for an authenticator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Enrol {
    /// An `otpauth` URI, shown once.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub otpauth: SecretText,
}

/// An account was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedUp {
    /// What proves the session.
    pub session: SessionToken,
    /// Ten, shown once.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub recovery_codes: Vec<RecoveryCode>,
}

/// A session was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoggedIn {
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
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub recovery_codes: Vec<RecoveryCode>,
}

/// An account, as its owner sees it: all that is kept of her but what proves her.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountView {
    /// The verified address.
    pub address: Handle,
    /// The language of mails.
    pub language: Language,
    /// The devices that it knows.
    pub devices: Vec<DeviceView>,
    /// The sessions that count.
    pub sessions: Vec<SessionView>,
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
    pub cards: Vec<CardView>,
}

/// A card of an account. Its number is nowhere here.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CardView {
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

/// A device of an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceView {
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
pub struct SessionView {
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
