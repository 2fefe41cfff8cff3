//! Passes and one-time passwords on their way to another phone: what the new phone asks with, and what the old one gives.
//! The texts are docs/transfer-format.md; the room that makes and takes them is [`Wallet::moving`](crate::Wallet::moving).
//!
//! The new phone makes a key that is used once and shows its public half, a [`TransferRequest`]. The old phone seals to it
//! what its owner chose, once she has compared the [`TransferNumber`] of both. Payment credentials have no place in it.

mod error;
pub(crate) mod limits;
mod request;
pub(crate) mod sealed_transfer;
mod text;

pub use error::TransferError;
pub use request::{TransferNumber, TransferRequest};
