//! Why a transfer fails.

use super::limits::{MAX_BYTES, MAX_RECORDS};

/// Why a transfer fails. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The text is not a request of a new phone.
    #[error("not a transfer request: expected 68 characters that begin with tegata-move:1:")]
    InvalidRequest,
    /// The checksum of the request does not match: a character is wrong or missing.
    #[error("the transfer request is incomplete or mistyped: scan or copy all of it again")]
    ChecksumMismatch,
    /// The text is not an answer of an old phone.
    #[error("not a transfer from an old phone: expected a text that begins with tegata-moved:1:")]
    InvalidAnswer,
    /// The text has a later version than this.
    #[error("made by a newer version: update the app")]
    NewerVersion,
    /// The number does not have twelve digits.
    #[error("not a confirmation number: expected the twelve digits that the new phone shows")]
    InvalidNumber,
    /// The number is that of another request: an attacker may have substituted their own.
    #[error(
        "the confirmation number does not match: the request is not the new phone's, and nothing was sealed"
    )]
    NumberMismatch,
    /// The memory that the number needs is not available.
    #[error("not enough memory: this needs 32 MiB for a moment")]
    OutOfMemory,
    /// No record was chosen to be transferred.
    #[error("nothing was selected for transfer")]
    NothingSelected,
    /// The records exceed what one transfer can hold.
    #[error("too much for one transfer: at most {MAX_RECORDS} records and {} kB", MAX_BYTES / 1000)]
    TooLarge,
    /// There is no pending request on this phone.
    #[error("no transfer request is pending: begin the transfer on this phone first")]
    NoPendingRequest,
    /// The text answers another phone's request, or one that was cancelled.
    #[error("sealed for another phone or for an abandoned request")]
    WrongRecipient,
    /// The text answers a request that was answered already.
    #[error("already imported: its records are here unless they were removed")]
    AlreadyReceived,
    /// The text was altered after sealing, or holds something that cannot be transferred.
    #[error("altered or incomplete: have it sent again")]
    Corrupt,
}
