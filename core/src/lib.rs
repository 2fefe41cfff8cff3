//! Tegata, the wallet core: credentials in encrypted local storage, payment codes made without a network, and the check
//! on the issuer's side that accepts each code once.
//!
//! One facade, one handle per feature: [`Wallet`] opens the storage, and [`payments`](Wallet::payments),
//! [`otp_credentials`](Wallet::otp_credentials), [`passes`](Wallet::passes), [`account`](Wallet::account) and
//! [`transfer`](Wallet::transfer) are its handles. Below it:
//!
//! | module | what is in it |
//! |---|---|
//! | [`code`] | the payment code: derive it on the phone, decode and compare it at the issuer |
//! | [`symbol`] | digits or text as QR code and Code 128: SVG, PNG, terminal |
//! | [`vault`] | the sealed storage, the keystore, the payment lock |
//! | [`protocol`] | the messages between wallet and issuer, which the host sends |
//! | [`transfer`] | passes and one-time passwords on their way to another phone |
//! | [`formats`] | what other programs write: `otpauth` URIs |
//! | [`text`] | one rule for names from outside, and digits as people type them |
//!
//! Nothing in here reads a clock, a random source or a network of its own: the host passes a [`Device`] in.
//!
//! A wallet is created, stores what the issuer provisioned, and shows a code:
//!
//! ```
//! use std::sync::Arc;
//! use tegata::code::{AliasPeriod, Audience, CredentialId, Scheme, Seed};
//! use tegata::symbol::PaymentSymbols;
//! use tegata::vault::{Argon2Params, PaymentUnlock, SoftwareKeystore};
//! use tegata::{Device, NewPaymentCredential, NextCode, SystemClock, SystemRandom, Wallet};
//!
//! let folder = tempfile::tempdir()?;
//! let random = Arc::new(SystemRandom::new());
//! let key = folder.path().join("key");
//! let params = Argon2Params::DESKTOP;
//! let keystore = SoftwareKeystore::create(&key, b"passphrase", params, random.clone())?;
//! let clock = Arc::new(SystemClock);
//! let device = Device { keystore: Arc::new(keystore), anchor: None, clock, random };
//!
//! let mut wallet = Wallet::create(&folder.path().join("wallet"), &device)?;
//! let unlock = PaymentUnlock::without_lock();
//! let id = wallet.payments().add(&unlock, &NewPaymentCredential {
//!     credential: CredentialId([1; 16]),
//!     label: "Corner shop".into(),
//!     scheme: Scheme { prefix: "4960".parse()?, alias_period: AliasPeriod::DAY },
//!     seed: Seed::from_slice(&[7; 32]).ok_or("a seed has 32 bytes")?,
//! })?;
//! match wallet.payments().next_code(&unlock, &id, Audience::AnyTill)? {
//!     NextCode::Code(code) => {
//!         let symbols = PaymentSymbols::new(code.digits().as_bytes())?;
//!         assert!(symbols.qr.svg().starts_with("<svg "));
//!     }
//!     NextCode::Wait(seconds) => println!("the next code comes in {seconds} s"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

/// The example in README.md, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

mod clock;
pub mod code;
pub mod formats;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod hpke;
mod kdf;
mod otp;
pub mod protocol;
mod random;
mod secret;
pub mod symbol;
pub mod text;
pub mod transfer;
pub mod vault;
mod wallet;

pub use clock::{Clock, SystemClock, TimeOutOfRange, UnixTime};
pub use otp::OtpCode;
pub use random::{Random, RandomUnavailable, SystemRandom};
pub use secret::{Secret, SecretBytes};
pub use vault::Device;
pub use wallet::{
    Account, AccountProfile, AccountStatus, ConfirmedRecoveryCodes, Error, InvalidIssuerAddress,
    IssuedRecoveryCodes, IssuerAddress, NewPaymentCredential, NextCode, OtpCredentialInfo,
    OtpCredentials, Passes, PaymentCredentialInfo, PaymentHistory, Payments, PendingRequest,
    SplitSession, Transfer, Wallet,
};
