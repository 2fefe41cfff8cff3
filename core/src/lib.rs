//! Tegata, the wallet core: credentials in encrypted local storage, payment barcodes made without a network,
//! and the checks an issuer needs to accept each of them once.
//!
//! Nothing in here reads a clock or a random source of its own: hosts pass a [`Clock`] and a [`Random`] in.
#![forbid(unsafe_code)]

mod clock;
pub mod code;
mod kdf;
mod random;
mod secret;
pub mod symbol;
pub mod vault;
mod wallet;

pub use clock::{Clock, SystemClock, TimeOutOfRange, UnixTime};
pub use random::{Random, RandomUnavailable, SystemRandom};
pub use secret::{Secret, SecretBytes};
pub use wallet::{Error, NewPayment, NextCode, Passes, Payment, Payments, Wallet};
