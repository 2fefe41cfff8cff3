//! What a user interface can act on.

use crate::code::TillCardError;
use crate::protocol::IssuerProblem;
use crate::text::NotPlain;
use crate::transfer::TransferError;
use crate::vault::{VaultError, WeakPin};

/// Why the wallet did not do what was requested. The details stay inside; each variant is something a host reacts to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no wallet at this path: make one, or look elsewhere.
    #[error("there is no wallet here")]
    NoWallet,
    /// A file stands where the new wallet should go.
    #[error("a file already exists here and is not overwritten")]
    AlreadyExists,
    /// Another process has it open: close that one.
    #[error("the wallet is open elsewhere")]
    InUse,
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
    /// The file is an older copy than the one written last. Ask the person, then [open it all the same](crate::Wallet::open_rolled_back) it.
    #[error("the wallet was rolled back to an older copy")]
    RolledBack,
    /// The payment lock has to be opened first.
    #[error("payments are locked")]
    PaymentsLocked,
    /// This is not the PIN: ask again.
    #[error("wrong PIN, attempts left: {tries_left}")]
    WrongPin {
        /// Wrong ones that are left until the PIN is given up.
        tries_left: u32,
    },
    /// Too many wrong PINs: the other way of unlocking remains, or a new provisioning.
    #[error("the PIN is blocked after too many wrong attempts")]
    PinBlocked,
    /// The new PIN is refused: ask for another one.
    #[error(transparent)]
    WeakPin(WeakPin),
    /// Payments are not unlocked in this way, or not at all.
    #[error("this way to unlock payments is not set up")]
    UnlockNotSet,
    /// No session is kept: log in at the issuer.
    #[error("the wallet is not logged in at an issuer")]
    NotLoggedIn,
    /// This is the second factor of the wallet's account, or the account that is to become the wallet's has its factor among
    /// the one-time passwords. Ten wrong PINs would cost it, so it stays on another device, or is
    /// [kept](crate::Account::keep_factor) once a recovery code was typed back.
    #[error(
        "the account's own second factor is no one-time password of this wallet: leave it on another device, or store it \
         with a recovery code typed back"
    )]
    OwnFactor,
    /// The issuer did not do what was requested.
    #[error(transparent)]
    Issuer(IssuerProblem),
    /// An issuer's answer belongs to another request, or was altered on its way.
    #[error("the issuer's response does not match this wallet's request")]
    InvalidAnswer,
    /// A transfer to or from another phone does not go on.
    #[error(transparent)]
    Transfer(TransferError),
    /// The text is no card of a till of the credential's issuer: make no code for it.
    #[error(transparent)]
    TillCard(#[from] TillCardError),
    /// No record of this kind has that id.
    #[error("the wallet has no record of this kind with this id")]
    NotFound,
    /// The pass is in a symbol that is not drawn, or its message does not go into one: show the text instead.
    #[error("{0}")]
    CannotDraw(String),
    /// A value cannot be stored. The text says what is accepted instead.
    #[error("{0}")]
    Invalid(String),
    /// The device failed: a full disk, a broken keystore. One plain clause.
    #[error("{0}")]
    Failed(String),
}

impl From<TransferError> for Error {
    fn from(error: TransferError) -> Self {
        Self::Transfer(error)
    }
}

impl From<NotPlain> for Error {
    fn from(error: NotPlain) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<VaultError> for Error {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::NotFound => Self::NoWallet,
            VaultError::AlreadyExists => Self::AlreadyExists,
            VaultError::InUse => Self::InUse,
            VaultError::Locked => Self::Locked,
            VaultError::KeyMissing => Self::KeyMissing,
            VaultError::KeyInvalidated => Self::KeyInvalidated,
            VaultError::WrongDevice => Self::WrongDevice,
            VaultError::Corrupt => Self::Corrupt,
            VaultError::NewerFormat => Self::NewerFormat,
            VaultError::RolledBack => Self::RolledBack,
            VaultError::WrongKind => Self::NotFound,
            VaultError::PaymentsLocked => Self::PaymentsLocked,
            VaultError::WrongPin { tries_left } => Self::WrongPin { tries_left },
            VaultError::PinBlocked => Self::PinBlocked,
            VaultError::UnlockNotSet => Self::UnlockNotSet,
            VaultError::WeakPin(why) => Self::WeakPin(why),
            VaultError::TooLarge
            | VaultError::OutOfRange(_)
            | VaultError::LastUnlockMethod
            | VaultError::PinRequired
            | VaultError::PinBound => Self::Invalid(error.to_string()),
            VaultError::Storage(_)
            | VaultError::Keystore(_)
            | VaultError::Anchor(_)
            | VaultError::Random(_) => Self::Failed(error.to_string()),
        }
    }
}
