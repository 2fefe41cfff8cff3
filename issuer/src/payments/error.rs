//! Why a till's request was not done.

use crate::domain::InternalError;
use crate::store::StoreError;

/// Why a till's request was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PaymentError {
    /// No till has this token, or none waits for this code.
    #[error("no till has this token or code")]
    UnknownTill,
    /// The idempotency key came with another body before.
    #[error("the key came with another request before")]
    KeyReused,
    /// The reference is another sale's: of another account or amount, or one that is over.
    #[error("the reference is another sale's")]
    ReferenceReused,
    /// The issuer takes another currency.
    #[error("the issuer takes another currency")]
    OtherCurrency,
    /// No card can be charged with so much.
    #[error("no card can be charged with so much")]
    TooMuch,
    /// The processor charges no such fraction of the currency.
    #[error("no card can be charged with such a fraction")]
    Indivisible,
    /// The payment is older than what a till may void.
    #[error("the payment is too old for its till to void it")]
    TooOldToVoid,
    /// The payment is of a month that was detached.
    #[error("the payment is of a month that is kept elsewhere")]
    Detached,
    /// Voids at this till ask for a manager's code, and none came.
    #[error("a manager's code is needed")]
    ManagerNeeded,
    /// The manager's code is nobody's at this till.
    #[error("the manager's code is wrong")]
    ManagerWrong,
    /// Too many managers' codes were wrong.
    #[error("too many manager's codes were wrong")]
    ManagerWait {
        /// How long until the next is compared.
        wait: std::time::Duration,
    },
    /// The till has no payment of this number.
    #[error("the till has no payment of this number")]
    NotFound,
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something failed that no request can help.
    #[error(transparent)]
    Internal(#[from] InternalError),
}
