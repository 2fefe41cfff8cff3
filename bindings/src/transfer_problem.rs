//! Why a transfer to another phone does not go on.

use tegata::transfer::TransferError;

/// Why a transfer does not go on. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
pub enum TransferProblem {
    /// The text is not the request that a new phone shows: scan that.
    InvalidRequest,
    /// A character of the request is wrong or missing: scan or copy all of it again.
    ChecksumMismatch,
    /// The text is not what an old phone gives.
    InvalidAnswer,
    /// A newer version made the text: update.
    NewerVersion,
    /// The number does not have twelve digits.
    InvalidNumber,
    /// The new phone shows another number: somebody may have replaced its request with their own. Warn the owner.
    NumberMismatch,
    /// The 32 MiB of memory that the number is computed with are not available at present.
    OutOfMemory,
    /// Nothing was selected: select a pass or a one-time password.
    NothingSelected,
    /// More was selected than is transferred at once, which is 1,000 records and 512 kB: select less.
    TooLarge,
    /// No request is pending on this phone: make one first.
    NoPendingRequest,
    /// It was sealed for another phone, or for a request that was cancelled.
    WrongRecipient,
    /// It was received before: what was in it is here.
    AlreadyReceived,
    /// It was altered or incomplete: have it sent again.
    Corrupt,
}

impl TransferProblem {
    /// `None` for a kind of error that the core learnt to give after this crate was written.
    pub(crate) fn of(error: TransferError) -> Option<Self> {
        Some(match error {
            TransferError::InvalidRequest => Self::InvalidRequest,
            TransferError::ChecksumMismatch => Self::ChecksumMismatch,
            TransferError::InvalidAnswer => Self::InvalidAnswer,
            TransferError::NewerVersion => Self::NewerVersion,
            TransferError::InvalidNumber => Self::InvalidNumber,
            TransferError::NumberMismatch => Self::NumberMismatch,
            TransferError::OutOfMemory => Self::OutOfMemory,
            TransferError::NothingSelected => Self::NothingSelected,
            TransferError::TooLarge => Self::TooLarge,
            TransferError::NoPendingRequest => Self::NoPendingRequest,
            TransferError::WrongRecipient => Self::WrongRecipient,
            TransferError::AlreadyReceived => Self::AlreadyReceived,
            TransferError::Corrupt => Self::Corrupt,
            _ => return None,
        })
    }
}
