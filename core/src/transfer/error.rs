//! Why nothing is moved.

use super::limits::{MAX_BYTES, MAX_RECORDS};

/// Why a move does not go on. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// Another text than a new phone shows.
    #[error("not a transfer request: expected 68 characters that begin with tegata-move:1:")]
    InvalidRequest,
    /// It begins as one and is none: a character is another, or missing.
    #[error("the transfer request is incomplete or mistyped: scan or copy all of it again")]
    ChecksumMismatch,
    /// Another text than an old phone gives.
    #[error("not a transfer from an old phone: expected a text that begins with tegata-moved:1:")]
    InvalidAnswer,
    /// In a later form than this.
    #[error("made by a newer version: update the app")]
    NewerVersion,
    /// Not twelve digits.
    #[error("not a confirmation number: expected the twelve digits that the new phone shows")]
    InvalidNumber,
    /// The number is that of another request: somebody may have put hers in its place.
    #[error(
        "the confirmation number does not match: the request is not the new phone's, and nothing was sealed"
    )]
    NumberMismatch,
    /// The memory that the number is made with.
    #[error("not enough memory: this needs 32 MiB for a moment")]
    OutOfMemory,
    /// Nothing was chosen.
    #[error("nothing was selected for transfer")]
    NothingSelected,
    /// More than is moved at once.
    #[error("too much for one transfer: at most {MAX_RECORDS} records and {} kB", MAX_BYTES / 1000)]
    TooLarge,
    /// No request waits for what was given.
    #[error("no transfer request is pending: begin the transfer on this phone first")]
    NoPendingRequest,
    /// It answers another phone's request, or one that was given up.
    #[error("sealed for another phone or for an abandoned request")]
    WrongRecipient,
    /// It answers the request that was answered last.
    #[error("already imported: its records are here unless they were removed")]
    AlreadyReceived,
    /// Something in it is not as it was sealed, or is nothing that can be moved.
    #[error("altered or incomplete: have it sent again")]
    Corrupt,
}
