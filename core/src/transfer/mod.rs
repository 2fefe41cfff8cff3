//! The transfer of passes and one-time passwords to another phone: what the new phone asks with, and what the old one
//! sends. [`Wallet::transfer`](crate::Wallet::transfer) makes and takes both texts; docs/transfer-format.md describes
//! them.
//!
//! The new phone makes a key that is used once and shows its public half, a [`TransferRequest`]. The old phone seals to
//! it what its owner chose, once the owner has compared the [`TransferNumber`] of both. Payment credentials cannot be
//! transferred.
//!
//! ```
//! # use std::sync::Arc;
//! # let folder = tempfile::tempdir()?;
//! # let random = Arc::new(tegata::SystemRandom::new());
//! # let params = tegata::vault::Argon2Params::new(8, 1, 1)?;
//! # let key = folder.path().join("key");
//! # let keystore = tegata::vault::SoftwareKeystore::create(&key, b"passphrase", params, random.clone())?;
//! # let clock = Arc::new(tegata::SystemClock);
//! # let device = tegata::Device { keystore: Arc::new(keystore), anchor: None, clock, random };
//! # let mut wallet = tegata::Wallet::create(&folder.path().join("wallet"), &device)?;
//! # let pass = tegata::vault::Pass {
//! #     title: "Tram".into(),
//! #     format: tegata::vault::PassFormat::Aztec,
//! #     message: "T-7".into(),
//! #     alternate_text: None,
//! # };
//! # let pass_id = wallet.passes().add(&pass)?;
//! # let mut old = wallet;
//! # let mut new = tegata::Wallet::create(&folder.path().join("new"), &device)?;
//! use tegata::{transfer::TransferRequest, vault::PaymentUnlock};
//!
//! // On the new phone: a text for a QR code, and the number that the owner compares.
//! let shown = new.transfer().request()?.to_string();
//!
//! // On the old phone: what was chosen is sealed to that request.
//! let request = TransferRequest::read(&shown)?;
//! let number = request.number()?;
//! let unlock = PaymentUnlock::without_lock();
//! let sealed = old.transfer().seal(&unlock, &request, number, &[pass_id])?;
//!
//! // On the new phone again.
//! new.transfer().receive(&sealed)?;
//! assert_eq!(new.passes().list()?.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
pub(crate) mod limits;
mod request;
pub(crate) mod sealed_transfer;
mod text;

pub use error::TransferError;
pub use request::{TransferNumber, TransferRequest};
