//! Why nothing is moved.

use super::limits::{MAX_BYTES, MAX_RECORDS};

/// Why a move does not go on. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// Another text than a new phone shows.
    #[error("not what a new phone shows: that begins with tegata-move:1: and has 68 characters")]
    InvalidRequest,
    /// It begins as one and is none: a character is another, or missing.
    #[error("the request was mistyped or cut: scan or copy all of it again")]
    ChecksumMismatch,
    /// Another text than an old phone gives.
    #[error("not what an old phone gives: that begins with tegata-moved:1:")]
    InvalidAnswer,
    /// In a later form than this.
    #[error("made by a newer version: update")]
    NewerVersion,
    /// Not twelve digits.
    #[error("not the number that a new phone shows: that has twelve digits")]
    InvalidNumber,
    /// The number is that of another request: somebody may have put hers in its place.
    #[error(
        "the new phone shows another number: this request is not its own, and nothing was sealed"
    )]
    NumberMismatch,
    /// The memory that the number is made with.
    #[error("this needs 32 MiB of memory for a moment, and they are not to be had")]
    OutOfMemory,
    /// Nothing was chosen.
    #[error("nothing was chosen to be moved")]
    NothingSelected,
    /// More than is moved at once.
    #[error("more than is moved at once: at most {MAX_RECORDS} things, {} kB", MAX_BYTES / 1000)]
    TooLarge,
    /// No request waits for what was given.
    #[error("no request waits here: begin the move on this phone first")]
    NoPendingRequest,
    /// It answers another phone's request, or one that was given up.
    #[error("sealed for another phone, or for a request that was given up")]
    WrongRecipient,
    /// It answers the request that was answered last.
    #[error("taken already: what was in it is here, unless it was removed")]
    AlreadyReceived,
    /// Something in it is not as it was sealed, or is nothing that can be moved.
    #[error("altered or cut on its way: have it sent again")]
    Corrupt,
}
