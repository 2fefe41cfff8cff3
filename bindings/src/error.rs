//! What a user interface can act on.

use std::fmt;

use tegata::Error;
#[cfg(feature = "account")]
use tegata::code::TillCardError;
#[cfg(feature = "account")]
use tegata::protocol;
#[cfg(feature = "account")]
use tegata::transfer::TransferError;

use crate::PinProblem;
use crate::number::count;
#[cfg(feature = "account")]
use crate::{IssuerProblem, TransferProblem};

/// Why the wallet did not do what was requested. Each case is something an app reacts to; its text is one plain clause.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Error)]
#[uniffi::export(Display)]
#[non_exhaustive]
pub enum WalletError {
    /// There is no wallet at this path.
    NoWallet,
    /// A file stands where the new wallet should go.
    AlreadyExists,
    /// Another process has it open, or this one twice: close that one.
    InUse,
    /// This object was closed: open the wallet again.
    Closed,
    /// The device is locked or its keystore not ready: try again once it is.
    Locked,
    /// The keystore has lost its key: a new provisioning is needed.
    KeyMissing,
    /// The keystore refuses its key for good, as after a change of fingerprints: a new provisioning is needed.
    KeyInvalidated,
    /// The file comes from another device.
    WrongDevice,
    /// The file was damaged or altered.
    Corrupt,
    /// A newer version of this software wrote the file: update.
    NewerFormat,
    /// The file is an older copy than the one written last. Ask the owner, then open it with `open_rolled_back`.
    RolledBack,
    /// The payment lock has to be opened first.
    PaymentsLocked,
    /// This is not the PIN: ask again.
    WrongPin {
        /// How many more wrong PINs are taken before the PIN is blocked.
        tries_left: i32,
    },
    /// The PIN is blocked after too many wrong ones: the other way of unlocking remains, or a new provisioning.
    PinBlocked,
    /// The new PIN is refused, and the lock stays as it was: ask for another one.
    WeakPin {
        /// The case that an app reacts to.
        problem: PinProblem,
        /// The same as text: one plain clause.
        reason: String,
    },
    /// Payments are not locked, or not by this method.
    UnlockNotSet,
    /// There is no session, or the issuer no longer knows it: log in.
    #[cfg(feature = "account")]
    NotLoggedIn,
    /// This is the second factor of the wallet's account, or the account that is to become the wallet's has its factor
    /// among the one-time passwords. Leave it on another device, or store it with recovery codes typed back.
    #[cfg(feature = "account")]
    OwnFactor,
    /// The issuer did nothing yet, since the request was signed too long ago. It is signed again by now: send what the
    /// call's `request` gives once more, and complete the call with that response. Nobody has to be asked.
    #[cfg(feature = "account")]
    SendAgain,
    /// The issuer did not do what was requested.
    #[cfg(feature = "account")]
    Issuer {
        /// The case that an app reacts to.
        problem: IssuerProblem,
        /// The same as text: one plain clause.
        reason: String,
    },
    /// The issuer's answer belongs to another request, or was altered on its way: ask again.
    #[cfg(feature = "account")]
    InvalidAnswer,
    /// A transfer to or from another phone does not go on.
    #[cfg(feature = "account")]
    Transfer {
        /// The case that an app reacts to.
        problem: TransferProblem,
        /// The same as text: one plain clause.
        reason: String,
    },
    /// The text is not a till card: scan all of it again.
    #[cfg(feature = "account")]
    InvalidTillCard {
        /// The same as text: one plain clause.
        reason: String,
    },
    /// The credential's issuer did not sign this till card. It is forged or another issuer's: make no code for it.
    #[cfg(feature = "account")]
    UntrustedTillCard,
    /// No record of this kind has that id.
    NotFound,
    /// The pass is in a symbol that is not drawn, or its message does not fit: show its alternate text or message.
    CannotDraw {
        /// The same as text: one plain clause.
        reason: String,
    },
    /// A value cannot be stored. The reason says what is accepted instead.
    Invalid {
        /// The same as text: one plain clause.
        reason: String,
    },
    /// The device failed, as by a full disk or a broken keystore.
    Failed {
        /// The same as text: one plain clause.
        reason: String,
    },
    /// A bug of this library. The wallet was closed and its file is whole: open it again, and report the bug.
    Internal,
}

impl std::error::Error for WalletError {}

#[uniffi::export]
impl WalletError {
    /// The error as one plain clause. For Python, whose exceptions UniFFI gives no text of their own.
    #[must_use]
    pub fn text(&self) -> String {
        self.to_string()
    }
}

impl WalletError {
    /// Refuses a value of the host's, with the words of the core's type that does not take it.
    pub(crate) fn invalid(reason: impl ToString) -> Self {
        Self::Invalid { reason: reason.to_string() }
    }
}

/// Errors that are the same in the core and carry nothing; their texts are the core's.
macro_rules! same_as_core {
    ($($(#[$cfg:meta])? $name:ident)*) => {
        fn from_core(error: &Error) -> Option<WalletError> {
            match error {
                $($(#[$cfg])? Error::$name => Some(WalletError::$name),)*
                _ => None,
            }
        }

        fn in_core(error: &WalletError) -> Option<Error> {
            match error {
                $($(#[$cfg])? WalletError::$name => Some(Error::$name),)*
                _ => None,
            }
        }
    };
}

same_as_core! {
    NoWallet AlreadyExists InUse Locked KeyMissing KeyInvalidated WrongDevice Corrupt NewerFormat RolledBack
    PaymentsLocked PinBlocked UnlockNotSet NotFound
    #[cfg(feature = "account")] NotLoggedIn
    #[cfg(feature = "account")] OwnFactor
    #[cfg(feature = "account")] InvalidAnswer
}

impl fmt::Display for WalletError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the wallet was closed"),
            Self::Internal => f.write_str("internal error: the wallet was closed"),
            Self::WrongPin { tries_left } => {
                let tries_left = u32::try_from(*tries_left).unwrap_or_default();
                Error::WrongPin { tries_left }.fmt(f)
            }
            #[cfg(feature = "account")]
            Self::SendAgain => protocol::IssuerProblem::Stale.fmt(f),
            #[cfg(feature = "account")]
            Self::UntrustedTillCard => TillCardError::InvalidSignature.fmt(f),
            #[cfg(feature = "account")]
            Self::Issuer { reason, .. }
            | Self::Transfer { reason, .. }
            | Self::InvalidTillCard { reason } => f.write_str(reason),
            Self::WeakPin { reason, .. }
            | Self::CannotDraw { reason }
            | Self::Invalid { reason }
            | Self::Failed { reason } => f.write_str(reason),
            same => in_core(same).map_or(Ok(()), |error| error.fmt(f)),
        }
    }
}

impl From<Error> for WalletError {
    fn from(error: Error) -> Self {
        if let Some(same) = from_core(&error) {
            return same;
        }
        match error {
            Error::WrongPin { tries_left } => Self::WrongPin { tries_left: count(tries_left) },
            Error::WeakPin(weak) => {
                let reason = weak.to_string();
                match PinProblem::of(weak) {
                    Some(problem) => Self::WeakPin { problem, reason },
                    None => Self::Invalid { reason },
                }
            }
            #[cfg(feature = "account")]
            Error::Issuer(problem) => {
                Self::Issuer { problem: problem.into(), reason: problem.to_string() }
            }
            #[cfg(feature = "account")]
            Error::Transfer(error) => error.into(),
            #[cfg(feature = "account")]
            Error::TillCard(TillCardError::InvalidSignature) => Self::UntrustedTillCard,
            #[cfg(feature = "account")]
            Error::TillCard(error) => Self::InvalidTillCard { reason: error.to_string() },
            Error::CannotDraw(reason) => Self::CannotDraw { reason },
            Error::Invalid(reason) => Self::Invalid { reason },
            Error::Failed(reason) => Self::Failed { reason },
            // The core may learn to say more than this crate was taught, or than is built into it.
            other => Self::Failed { reason: other.to_string() },
        }
    }
}

#[cfg(feature = "account")]
impl From<TransferError> for WalletError {
    fn from(error: TransferError) -> Self {
        let reason = error.to_string();
        match TransferProblem::of(error) {
            Some(problem) => Self::Transfer { problem, reason },
            None => Self::Failed { reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_errors_keep_their_text() {
        for error in [
            Error::NoWallet,
            Error::AlreadyExists,
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
            Error::WeakPin(tegata::vault::WeakPin::Guessable),
            Error::UnlockNotSet,
            #[cfg(feature = "account")]
            Error::NotLoggedIn,
            #[cfg(feature = "account")]
            Error::OwnFactor,
            #[cfg(feature = "account")]
            Error::Issuer(tegata::protocol::IssuerProblem::Busy(7)),
            #[cfg(feature = "account")]
            Error::InvalidAnswer,
            #[cfg(feature = "account")]
            Error::Transfer(tegata::transfer::TransferError::WrongRecipient),
            #[cfg(feature = "account")]
            Error::TillCard(tegata::code::TillCardError::Malformed),
            #[cfg(feature = "account")]
            Error::TillCard(tegata::code::TillCardError::InvalidName),
            #[cfg(feature = "account")]
            Error::TillCard(tegata::code::TillCardError::InvalidSignature),
            Error::NotFound,
            Error::CannotDraw("only QR Code and Code 128 are drawn".into()),
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
