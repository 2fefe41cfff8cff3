//! Passes and one-time passwords on their way to another phone: what the new phone asks with, and what the old one gives.
//! The texts are docs/transfer-format.md; the room that makes and takes them is [`Wallet::moving`](crate::Wallet::moving).
//!
//! The new phone makes a key that is used once and shows its public half, a [`TransferRequest`]. The old phone seals to it
//! what its owner chose, once she has compared the [`TransferNumber`] of both. Payment credentials have no place in it.

mod error;
mod request;
pub(crate) mod sealed_transfer;

pub use error::TransferError;
pub use request::{TransferNumber, TransferRequest};

/// What a text of version 1 holds. Spaces around it are what typing leaves.
fn body<'a>(text: &'a str, scheme: &str, another: TransferError) -> Result<&'a str, TransferError> {
    let versioned = text.trim().strip_prefix(scheme).ok_or(another)?;
    let (version, body) = versioned.split_once(':').ok_or(another)?;
    match version.parse::<u16>() {
        Ok(1) if version == "1" => Ok(body),
        Ok(2..) => Err(TransferError::NewerVersion),
        _ => Err(another),
    }
}
