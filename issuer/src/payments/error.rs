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
    /// The sale of this reference came with another amount before.
    #[error("the reference came with another amount before")]
    ReferenceReused,
    /// The issuer takes another currency.
    #[error("the issuer takes another currency")]
    OtherCurrency,
    /// No card can be charged with so much.
    #[error("no card can be charged with so much")]
    TooMuch,
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
