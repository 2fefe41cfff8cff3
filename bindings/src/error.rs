//! What a user interface can act on.

#[cfg(feature = "account")]
use crate::{IssuerProblem, MoveProblem};

/// Why the wallet did not do as asked. Each kind is something an app reacts to; as text it is one plain clause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
#[non_exhaustive]
pub enum WalletError {
    /// There is no wallet at this path: make one, or look elsewhere.
    #[error("there is no wallet here")]
    NoWallet,
    /// A file stands where the new wallet should go.
    #[error("a file already exists here and is not overwritten")]
    Exists,
    /// Another process has it open, or this one twice: close that one.
    #[error("the wallet is open elsewhere")]
    InUse,
    /// This object was closed: open the wallet again.
    #[error("the wallet was closed")]
    Closed,
    /// The device is locked or its keystore not ready: try again once it is.
    #[error("the device's keystore is locked")]
    Locked,
    /// The keystore has lost its key: a new provisioning is needed.
    #[error("the device's keystore has no key for this wallet")]
    KeyMissing,
    /// The keystore refuses its key for good, as after a change of fingerprints: a new provisioning is needed.
    #[error("the device's keystore has invalidated the key of this wallet")]
    KeyInvalidated,
    /// The file comes from another device.
    #[error("the wallet belongs to another device")]
    WrongDevice,
    /// The file was damaged or altered.
    #[error("the wallet is damaged or was altered")]
    Corrupt,
    /// A newer version of this software wrote the file: update.
    #[error("the wallet was written by a newer version")]
    NewerFormat,
    /// The file is an older copy than the one written last. Ask the person, then adopt it.
    #[error("the wallet was rolled back to an older copy")]
    RolledBack,
    /// The payment lock has to be opened first.
    #[error("payments are locked")]
    PaymentsLocked,
    /// This is not the PIN: ask again.
    #[error("wrong PIN, attempts left: {tries_left}")]
    WrongPin {
        /// Wrong ones that are left until the PIN is given up.
        tries_left: i32,
    },
    /// Too many wrong PINs: the other way of unlocking remains, or a new provisioning.
    #[error("the PIN is blocked after too many wrong attempts")]
    PinBlocked,
    /// Payments are not unlocked in this way, or not at all.
    #[error("this way to unlock payments is not set up")]
    UnlockNotSet,
    /// No session is kept, or the issuer knows it no more: log in.
    #[cfg(feature = "account")]
    #[error("the wallet is not logged in at an issuer")]
    NotLoggedIn,
    /// The issuer did not do it.
    #[cfg(feature = "account")]
    #[error("{reason}")]
    Issuer {
        /// What an app acts on.
        problem: IssuerProblem,
        /// One plain clause.
        reason: String,
    },
    /// The issuer's answer is not to what this wallet asked, or was altered on its way: ask again.
    #[cfg(feature = "account")]
    #[error("the issuer's response does not match this wallet's request")]
    AnswerRefused,
    /// A move from another phone, or to one, does not go on like this.
    #[cfg(feature = "account")]
    #[error("{reason}")]
    Move {
        /// What an app acts on.
        problem: MoveProblem,
        /// One plain clause.
        reason: String,
    },
    /// The text is no till's card: scan it again, all of it.
    #[cfg(feature = "account")]
    #[error("{reason}")]
    NotATillCard {
        /// One plain clause.
        reason: String,
    },
    /// A till's card that the credential's issuer did not sign, forged or another issuer's: make no code for it.
    #[cfg(feature = "account")]
    #[error("not a till of this issuer: the card is signed with another key")]
    StrangeTillCard,
    /// Nothing of this kind has that id.
    #[error("the wallet has no record of this kind with this id")]
    NotFound,
    /// A value that cannot be stored, and what is accepted instead.
    #[error("{reason}")]
    Invalid {
        /// One plain clause.
        reason: String,
    },
    /// The device failed: a full disk, a broken keystore.
    #[error("{reason}")]
    Failed {
        /// One plain clause.
        reason: String,
    },
    /// A fault of this library. The wallet was closed and its file is whole: open it again, and tell the makers.
    #[error("internal error: the wallet was closed")]
    Broken,
}

#[uniffi::export]
impl WalletError {
    /// What is wrong, as one plain clause. For Python, whose exceptions UniFFI gives no text of their own.
    #[must_use]
    pub fn text(&self) -> String {
        self.to_string()
    }
}

impl WalletError {
    /// A value of the host's that no type of the core takes, in that type's own words.
    pub(crate) fn invalid(reason: impl ToString) -> Self {
        Self::Invalid { reason: reason.to_string() }
    }
}

impl From<tegata::Error> for WalletError {
    fn from(error: tegata::Error) -> Self {
        use tegata::Error;
        #[cfg(feature = "account")]
        use tegata::code::TillCardError;
        match error {
            Error::NoWallet => Self::NoWallet,
            Error::Exists => Self::Exists,
            Error::InUse => Self::InUse,
            Error::Locked => Self::Locked,
            Error::KeyMissing => Self::KeyMissing,
            Error::KeyInvalidated => Self::KeyInvalidated,
            Error::WrongDevice => Self::WrongDevice,
            Error::Corrupt => Self::Corrupt,
            Error::NewerFormat => Self::NewerFormat,
            Error::RolledBack => Self::RolledBack,
            Error::PaymentsLocked => Self::PaymentsLocked,
            Error::WrongPin { tries_left } => Self::WrongPin { tries_left: count(tries_left) },
            Error::PinBlocked => Self::PinBlocked,
            Error::UnlockNotSet => Self::UnlockNotSet,
            #[cfg(feature = "account")]
            Error::NotLoggedIn => Self::NotLoggedIn,
            #[cfg(feature = "account")]
            Error::Issuer(why) => Self::Issuer { problem: why.into(), reason: why.to_string() },
            #[cfg(feature = "account")]
            Error::Refused => Self::AnswerRefused,
            #[cfg(feature = "account")]
            Error::Move(why) => why.into(),
            #[cfg(feature = "account")]
            Error::TillCard(TillCardError::InvalidSignature) => Self::StrangeTillCard,
            #[cfg(feature = "account")]
            Error::TillCard(why) => Self::NotATillCard { reason: why.to_string() },
            Error::NotFound => Self::NotFound,
            Error::Invalid(reason) => Self::Invalid { reason },
            Error::Failed(reason) => Self::Failed { reason },
            // The core may learn to say more than this crate was taught, or than is built into it.
            other => Self::Failed { reason: other.to_string() },
        }
    }
}

/// A small count as Java has it.
pub(crate) fn count(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Seconds as Java has them: no moment of the core comes near the end of the range.
pub(crate) fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_of_the_core_keeps_its_words() {
        use tegata::Error;
        for error in [
            Error::NoWallet,
            Error::Exists,
            Error::InUse,
            Error::Locked,
            Error::KeyMissing,
            Error::KeyInvalidated,
            Error::WrongDevice,
            Error::Corrupt,
            Error::NewerFormat,
            Error::RolledBack,
            Error::PaymentsLocked,
            Error::WrongPin { tries_left: 9 },
            Error::PinBlocked,
            Error::UnlockNotSet,
            #[cfg(feature = "account")]
            Error::NotLoggedIn,
            #[cfg(feature = "account")]
            Error::Issuer(tegata::protocol::Why::Busy(7)),
            #[cfg(feature = "account")]
            Error::Refused,
            #[cfg(feature = "account")]
            Error::Move(tegata::transfer::TransferError::WrongRecipient),
            #[cfg(feature = "account")]
            Error::TillCard(tegata::code::TillCardError::Malformed),
            #[cfg(feature = "account")]
            Error::TillCard(tegata::code::TillCardError::InvalidName),
            #[cfg(feature = "account")]
            Error::TillCard(tegata::code::TillCardError::InvalidSignature),
            Error::NotFound,
            Error::Invalid("the label is too long".into()),
            Error::Failed("the disk is full".into()),
        ] {
            let text = error.to_string();
            let failed = matches!(error, Error::Failed(_));
            let ours = WalletError::from(error);
            assert_eq!(ours.to_string(), text);
            assert_eq!(matches!(ours, WalletError::Failed { .. }), failed, "{ours}");
        }
    }
}
