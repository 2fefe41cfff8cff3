//! Tegata, the wallet core: credentials in encrypted local storage, payment barcodes made without a network,
//! and the check on the issuer's side that accepts each of them once.
//!
//! The door is [`Wallet`]; behind it are rooms, such as [`Wallet::payments`]. The issuer's side of the counter is
//! [`code::verify`]. Nothing in here reads a clock or a random source of its own: hosts pass a [`Clock`] and a
//! [`Random`] in.
//!
//! ```
//! use tegata::{UnixTime, code::*, symbol::PaymentSymbols};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The wallet's side: a code for any till, at the first of the five turns of its half minute …
//! let scheme = Scheme { prefix: "4960".parse()?, alias_period: AliasPeriod::DAY };
//! let seed = Seed::from_slice(&[7; 32]).ok_or("a seed has 32 bytes")?;
//! let now = UnixTime::new(1_800_000_000)?;
//! let slot = CodeSlot { step: Step::at(now), index: SlotIndex::FIRST, audience: Audience::AnyTill };
//! let code = CodeKeys::new(&seed).derive(&scheme, &slot);
//! assert_eq!(PaymentSymbols::new(code.digits().as_bytes())?.code128.width(), 167);
//!
//! // … and the issuer's, which takes it once.
//! let guard = SqliteGuard::in_memory(AttemptLimits::default())?;
//! let prefixes = Prefixes::new([scheme])?;
//! let (id, till) = (CredentialId([1; 16]), "till-1".parse()?);
//! let scan = || {
//!     let candidates = |_: &_, _: &_| Ok(vec![Candidate::new(id, &seed)]);
//!     verify(&guard, &prefixes, code.digits().as_bytes(), &till, now, candidates)
//! };
//! assert!(matches!(scan()?, Verdict::Accepted { credential, .. } if credential == id));
//! assert_eq!(scan()?, Verdict::Refused(CodeRefusal::Used));
//! # Ok(())
//! # }
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
pub mod transfer;
pub mod vault;
mod wallet;

pub use clock::{Clock, SystemClock, TimeOutOfRange, UnixTime};
pub use otp::OtpCode;
pub use random::{Random, RandomUnavailable, SystemRandom};
pub use secret::{Secret, SecretBytes};
pub use vault::Device;
pub use wallet::{
    Account, AccountProfile, AccountStatus, Error, InvalidIssuerAddress, IssuerAddress,
    NewPaymentCredential, NextCode, OtpCredentialInfo, OtpCredentials, Passes,
    PaymentCredentialInfo, PaymentHistory, Payments, PendingRequest, SplitSession, Transfer,
    Wallet,
};
