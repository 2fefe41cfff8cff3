//! Why a request to an account was not done.

use std::time::Duration;

use tegata::protocol::Refusal;

use crate::domain::InternalError;
use crate::mail::MailError;
use crate::passwords::PasswordError;
use crate::store::StoreError;

/// Why a request to an account was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The policy refused it.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// An operator stopped this kind of request.
    #[error("an operator stopped requests of this kind")]
    Stopped,
    /// The message was signed with no challenge of the last five minutes.
    #[error("the message was signed too long ago")]
    Stale,
    /// The id of a signed request came with another message before.
    #[error("the request's id was used for another message")]
    RequestReused,
    /// The address, account or device was used too often.
    #[error("too many attempts")]
    TooManyAttempts {
        /// How long until the next one is taken.
        wait: Duration,
    },
    /// A value in the message is not of its form.
    #[error("the message is malformed")]
    Malformed,
    /// The new password is one that others guess.
    #[error("the password is too easy to guess")]
    WeakPassword,
    /// The prefix of payment codes tells no more credentials apart.
    #[error("the prefix of payment codes has no room left")]
    NoRoom,
    /// The processor has registered no card, or the card is in as many accounts as may have it.
    #[error("the processor has registered no card for this account")]
    CardRefused,
    /// The transaction, or the processor, was interrupted: the same request may work at once.
    #[error("interrupted: try again")]
    Interrupted,
    /// A password was not judged, hashed or compared.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something failed that no request can help.
    #[error(transparent)]
    Internal(#[from] InternalError),
}

impl AccountError {
    /// Says what was being done, and what failed.
    pub(crate) fn internal(doing: &'static str, cause: &dyn std::fmt::Display) -> Self {
        Self::Internal(InternalError::new(doing, cause))
    }
}

impl From<Refusal> for AccountError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<MailError> for AccountError {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Store(error) => Self::Store(error),
            MailError::Internal(error) => Self::Internal(error),
        }
    }
}
