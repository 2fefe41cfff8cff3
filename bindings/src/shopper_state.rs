//! What a shopper is told: the states of the app and its failures, in words that are the same in every host.

use crate::{ClockStatus, Language, PinProblem, WalletError};

/// What a shopper is told, and what they can do then. `words` has the sentence of `words.json`; amounts, times and names are
/// put into it as the app gives them.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each state says in `words.json` what it means")]
pub enum ShopperState {
    Shown { seconds: i64 },
    Waiting { seconds: i64 },
    Locked,
    WrongPin { tries_left: i32 },
    PinBlocked,
    PinTooShort,
    PinTooLong,
    PinNotDigits,
    PinGuessable,
    UnlockNotSet,
    BiometricsChanged,
    UnlockCancelled,
    DeviceLocked,
    ClockAhead { seconds: i64 },
    ClockBehind { seconds: i64 },
    ClockNotKnown,
    Offline,
    Paid { amount: String, shop: String },
    NotPaidCodeUsed,
    NotPaidCodeNotValid,
    NotPaidOverLimit,
    NotPaidStopped,
    NotPaidCardDeclined,
    NotKnownYet,
    BeingRefunded { amount: String },
    Cancelled { amount: String },
    Refunded { amount: String },
    StoppedByOwner { time: String },
    StoppedByIssuer { phone: String },
    LowLimits { limit: String },
    SignedOutElsewhere { device: String },
    SignInNeeded,
    InvalidCredentials,
    PasswordNeeded,
    FactorNeeded,
    EnrolmentNeeded,
    OwnFactor,
    RecoveryCodeNeeded,
    AccountFrozen,
    NothingPending,
    CodeByMailNeeded,
    TooManyAttempts { seconds: i64 },
    WeakPassword,
    CardRefused,
    StoppedForNow,
    CapacityReached,
    Busy { seconds: i64 },
    UpdateNeeded,
    ServiceFailed,
    AnswerNotClear,
    KeysGone,
    WrongDevice,
    OlderCopy,
    Damaged,
    NewerFormat,
    NoWallet,
    WalletExists,
    OpenElsewhere,
    OpenAgain,
    StrangeTillCard,
    NoTillCard,
    TransferNotRequest,
    TransferMisread,
    TransferNotAnswer,
    TransferNumberNotTwelve,
    TransferNumberDiffers,
    TransferNoMemory,
    TransferNothingSelected,
    TransferTooLarge,
    TransferNotBegun,
    TransferForAnotherPhone,
    TransferReceived,
    TransferDamaged,
    NotFound,
    CannotDraw,
    InvalidValue,
    DeviceFailed,
}

#[uniffi::export]
impl ShopperState {
    /// The state as a shopper is told it: one or two sentences.
    #[must_use]
    pub fn words(&self, language: Language) -> String {
        let [english, japanese] = texts(self);
        let text = match language {
            Language::English => english,
            Language::Japanese => japanese,
        };
        let values = self.values(language);
        values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }
}

impl ShopperState {
    /// The placeholders of the state's words, and what stands in their place.
    fn values(&self, language: Language) -> Vec<(&'static str, String)> {
        match self {
            Self::Shown { seconds } | Self::Waiting { seconds } => {
                vec![("{seconds}", seconds.to_string())]
            }
            Self::ClockAhead { seconds }
            | Self::ClockBehind { seconds }
            | Self::TooManyAttempts { seconds }
            | Self::Busy { seconds } => vec![("{duration}", duration(*seconds, language))],
            Self::WrongPin { tries_left } => vec![("{tries_left}", tries_left.to_string())],
            Self::Paid { amount, shop } => {
                vec![("{amount}", amount.clone()), ("{shop}", shop.clone())]
            }
            Self::BeingRefunded { amount }
            | Self::Cancelled { amount }
            | Self::Refunded { amount } => vec![("{amount}", amount.clone())],
            Self::StoppedByOwner { time } => vec![("{time}", time.clone())],
            Self::StoppedByIssuer { phone } => vec![("{phone}", phone.clone())],
            Self::LowLimits { limit } => vec![("{limit}", limit.clone())],
            Self::SignedOutElsewhere { device } => vec![("{device}", device.clone())],
            _ => Vec::new(),
        }
    }
}

/// The words of a state in English and Japanese.
#[expect(
    clippy::unneeded_struct_pattern,
    reason = "the table does not know which states have values"
)]
fn texts(state: &ShopperState) -> [&'static str; 2] {
    include!(concat!(env!("OUT_DIR"), "/words.rs"))
}

/// A duration in the largest unit that it fills, rounded up: nobody comes back too early.
fn duration(seconds: i64, language: Language) -> String {
    const UNITS: [(i64, [&str; 2], &str); 4] = [
        (86_400, ["day", "days"], "日"),
        (3600, ["hour", "hours"], "時間"),
        (60, ["minute", "minutes"], "分"),
        (1, ["second", "seconds"], "秒"),
    ];
    let (length, [one, many], japanese) =
        UNITS.into_iter().find(|(length, ..)| seconds >= *length).unwrap_or(UNITS[3]);
    let count = seconds.max(0).div_euclid(length) + i64::from(seconds.rem_euclid(length) > 0);
    match language {
        Language::English if count == 1 => format!("{count} {one}"),
        Language::English => format!("{count} {many}"),
        Language::Japanese => format!("{count}{japanese}"),
    }
}

#[uniffi::export]
impl WalletError {
    /// What the failure means to a shopper and what they can do. The error's own text is for a log.
    #[must_use]
    pub fn shopper_state(&self) -> ShopperState {
        match self {
            Self::NoWallet => ShopperState::NoWallet,
            Self::AlreadyExists => ShopperState::WalletExists,
            Self::InUse => ShopperState::OpenElsewhere,
            Self::Closed | Self::Internal => ShopperState::OpenAgain,
            Self::Locked => ShopperState::DeviceLocked,
            Self::KeyMissing | Self::KeyInvalidated => ShopperState::KeysGone,
            Self::WrongDevice => ShopperState::WrongDevice,
            Self::Corrupt => ShopperState::Damaged,
            Self::NewerFormat => ShopperState::NewerFormat,
            Self::RolledBack => ShopperState::OlderCopy,
            Self::PaymentsLocked => ShopperState::Locked,
            Self::WrongPin { tries_left } => ShopperState::WrongPin { tries_left: *tries_left },
            Self::PinBlocked => ShopperState::PinBlocked,
            Self::WeakPin { problem, .. } => problem.shopper_state(),
            Self::UnlockNotSet => ShopperState::UnlockNotSet,
            #[cfg(feature = "account")]
            Self::NotLoggedIn => ShopperState::SignInNeeded,
            #[cfg(feature = "account")]
            Self::OwnFactor => ShopperState::OwnFactor,
            #[cfg(feature = "account")]
            Self::SendAgain => ShopperState::Busy { seconds: 1 },
            #[cfg(feature = "account")]
            Self::Issuer { problem, .. } => problem.shopper_state(),
            #[cfg(feature = "account")]
            Self::InvalidAnswer => ShopperState::AnswerNotClear,
            #[cfg(feature = "account")]
            Self::Transfer { problem, .. } => problem.shopper_state(),
            #[cfg(feature = "account")]
            Self::InvalidTillCard { .. } => ShopperState::NoTillCard,
            #[cfg(feature = "account")]
            Self::UntrustedTillCard => ShopperState::StrangeTillCard,
            Self::NotFound => ShopperState::NotFound,
            Self::CannotDraw { .. } => ShopperState::CannotDraw,
            Self::Invalid { .. } => ShopperState::InvalidValue,
            Self::Failed { .. } => ShopperState::DeviceFailed,
        }
    }
}

impl PinProblem {
    fn shopper_state(self) -> ShopperState {
        match self {
            Self::TooShort => ShopperState::PinTooShort,
            Self::TooLong => ShopperState::PinTooLong,
            Self::NotDigits => ShopperState::PinNotDigits,
            Self::Guessable => ShopperState::PinGuessable,
        }
    }
}

#[uniffi::export]
impl ClockStatus {
    /// What a shopper is told of the clock; nothing if it is fine.
    #[must_use]
    pub fn shopper_state(&self) -> Option<ShopperState> {
        match *self {
            Self::Fine => None,
            Self::Ahead { seconds } => Some(ShopperState::ClockAhead { seconds }),
            Self::Behind { seconds } => Some(ShopperState::ClockBehind { seconds }),
            Self::SetBack { .. } => Some(ShopperState::ClockNotKnown),
        }
    }
}

#[cfg(feature = "account")]
mod account {
    use super::ShopperState;
    use crate::{AccountPayment, IssuerProblem, PaymentState, TransferProblem};

    impl IssuerProblem {
        pub(super) fn shopper_state(self) -> ShopperState {
            match self {
                Self::InvalidCredentials => ShopperState::InvalidCredentials,
                Self::LoginTooOld => ShopperState::PasswordNeeded,
                Self::FactorRequired => ShopperState::FactorNeeded,
                Self::RecoveryCodeRequired => ShopperState::RecoveryCodeNeeded,
                Self::EnrolmentRequired => ShopperState::EnrolmentNeeded,
                Self::Frozen => ShopperState::AccountFrozen,
                Self::NoPendingOperation => ShopperState::NothingPending,
                Self::CodeNeeded => ShopperState::CodeByMailNeeded,
                Self::TooManyAttempts { retry_after } => {
                    ShopperState::TooManyAttempts { seconds: retry_after }
                }
                Self::WeakPassword => ShopperState::WeakPassword,
                Self::CardRefused => ShopperState::CardRefused,
                Self::Stopped => ShopperState::StoppedForNow,
                Self::CapacityReached => ShopperState::CapacityReached,
                Self::Busy { retry_after } => ShopperState::Busy { seconds: retry_after },
                Self::MalformedRequest => ShopperState::UpdateNeeded,
                Self::InternalError => ShopperState::ServiceFailed,
                Self::UnreadableAnswer => ShopperState::AnswerNotClear,
            }
        }
    }

    impl TransferProblem {
        pub(super) fn shopper_state(self) -> ShopperState {
            match self {
                Self::InvalidRequest => ShopperState::TransferNotRequest,
                Self::ChecksumMismatch => ShopperState::TransferMisread,
                Self::InvalidAnswer => ShopperState::TransferNotAnswer,
                Self::NewerVersion => ShopperState::NewerFormat,
                Self::InvalidNumber => ShopperState::TransferNumberNotTwelve,
                Self::NumberMismatch => ShopperState::TransferNumberDiffers,
                Self::OutOfMemory => ShopperState::TransferNoMemory,
                Self::NothingSelected => ShopperState::TransferNothingSelected,
                Self::TooLarge => ShopperState::TransferTooLarge,
                Self::NoPendingRequest => ShopperState::TransferNotBegun,
                Self::WrongRecipient => ShopperState::TransferForAnotherPhone,
                Self::AlreadyReceived => ShopperState::TransferReceived,
                Self::Corrupt => ShopperState::TransferDamaged,
            }
        }
    }

    #[uniffi::export]
    impl AccountPayment {
        /// What a shopper is told of the payment.
        #[must_use]
        pub fn shopper_state(&self) -> ShopperState {
            let amount = self.formatted_amount.clone();
            match self.state {
                PaymentState::Waiting => ShopperState::NotKnownYet,
                PaymentState::Paid => ShopperState::Paid { amount, shop: self.shop.clone() },
                PaymentState::OverLimit => ShopperState::NotPaidOverLimit,
                PaymentState::Held => ShopperState::NotPaidStopped,
                PaymentState::NotValid => ShopperState::NotPaidCodeNotValid,
                PaymentState::CardDeclined => ShopperState::NotPaidCardDeclined,
                PaymentState::BeingTakenBack => ShopperState::BeingRefunded { amount },
                PaymentState::Cancelled => ShopperState::Cancelled { amount },
                PaymentState::Refunded => ShopperState::Refunded { amount },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The names in braces.
    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name)
            .collect()
    }

    fn table() -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_str(include_str!("../words.json")).unwrap()
    }

    #[test]
    fn both_languages_say_the_same_things() {
        for (state, words) in table() {
            let texts = ["english", "japanese"].map(|language| words[language].as_str().unwrap());
            assert!(texts.iter().all(|text| !text.trim().is_empty()), "{state}");
            assert_eq!(placeholders(texts[0]), placeholders(texts[1]), "{state}");
        }
    }

    /// One of each state whose words have a place for a value.
    fn with_values() -> Vec<ShopperState> {
        let amount = || "\u{a5}1,980".to_owned();
        vec![
            ShopperState::Shown { seconds: 9 },
            ShopperState::Waiting { seconds: 9 },
            ShopperState::WrongPin { tries_left: 9 },
            ShopperState::ClockAhead { seconds: 180 },
            ShopperState::ClockBehind { seconds: 180 },
            ShopperState::Paid { amount: amount(), shop: "Tegata Ginza".into() },
            ShopperState::BeingRefunded { amount: amount() },
            ShopperState::Cancelled { amount: amount() },
            ShopperState::Refunded { amount: amount() },
            ShopperState::StoppedByOwner { time: "9:41".into() },
            ShopperState::StoppedByIssuer { phone: "0120-000-000".into() },
            ShopperState::LowLimits { limit: amount() },
            ShopperState::SignedOutElsewhere { device: "Pixel".into() },
            ShopperState::TooManyAttempts { seconds: 300 },
            ShopperState::Busy { seconds: 2 },
        ]
    }

    #[test]
    fn each_placeholder_is_replaced_by_its_value() {
        let table = table();
        let mut filled = BTreeSet::new();
        for state in with_values() {
            let name = format!("{state:?}").split([' ', '(']).next().unwrap().to_owned();
            let expected = placeholders(table[&name]["english"].as_str().unwrap()).len();
            assert_eq!(state.values(Language::English).len(), expected, "{name}");
            for language in [Language::English, Language::Japanese] {
                let words = state.words(language);
                assert!(!words.contains(['{', '}']), "{words}");
                assert!(
                    state.values(language).iter().all(|(_, value)| words.contains(value)),
                    "{words}"
                );
            }
            filled.insert(name);
        }
        let all =
            table.iter().filter(|(_, words)| words["english"].as_str().unwrap().contains('{'));
        assert_eq!(all.map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(), filled);
    }

    #[test]
    fn a_duration_is_said_in_its_largest_unit_rounded_up() {
        let said =
            |seconds| (duration(seconds, Language::English), duration(seconds, Language::Japanese));
        for (seconds, english, japanese) in [
            (-5, "0 seconds", "0秒"),
            (1, "1 second", "1秒"),
            (59, "59 seconds", "59秒"),
            (60, "1 minute", "1分"),
            (61, "2 minutes", "2分"),
            (3600, "1 hour", "1時間"),
            (86_401, "2 days", "2日"),
            (i64::MAX, "106751991167301 days", "106751991167301日"),
        ] {
            assert_eq!(said(seconds), (english.to_owned(), japanese.to_owned()));
        }
    }
}
