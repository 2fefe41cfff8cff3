//! The wallet core for Kotlin, Swift and Python: the surface that UniFFI exports, and nothing else.
//!
//! Each item here wraps one of `tegata`; the rules are there. What this crate adds is what a border needs: one lock
//! around a wallet, panics that end here, failures of the host that become typed ones, and numbers that Java can call
//! by name (signed, since Kotlin mangles the names of what takes an unsigned one).
//!
//! | file | idea |
//! |---|---|
//! | `wallet` | [`WalletHandle`]: the door, and what is done to the whole file |
//! | `payments`, `otp_credentials`, `passes`, `account`, `moving` | the rooms behind it |
//! | `payment_code` | a code and its symbols, as data |
//! | `unlocked` | [`PaymentUnlock`]: the leave to pay |
//! | `device`, `keystore`, `anchor`, `clock` | what the host hands over |
//! | `open` | the wallet that all rooms share; where panics end |
//! | `error`, `id` | what can go wrong; what a record is known by |
//!
//! The rooms `account` and `moving` come with this crate's feature `account`, off by default; packages are built with it.

#![expect(
    clippy::missing_errors_doc,
    reason = "this text becomes KDoc, docstrings and Swift's comments: `WalletError` has a line for each failure"
)]
#![expect(clippy::needless_pass_by_value, reason = "what crosses the border arrives owned")]

#[cfg(feature = "account")]
mod account;
mod anchor;
mod clock;
mod device;
mod error;
mod id;
mod keystore;
#[cfg(feature = "account")]
mod moving;
mod open;
mod otp_credentials;
mod passes;
mod payment_code;
mod payments;
#[cfg(feature = "testing")]
mod testing;
#[cfg(test)]
mod tests;
mod unlocked;
mod wallet;

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

#[cfg(feature = "account")]
pub use account::{
    Account, AccountCard, AccountDevice, AccountOverview, AccountPayment, AccountProfile,
    AccountSession, AccountStatus, CardsCall, CodesCall, DoneCall, FactorCall, IssuerProblem,
    IssuerRequest, IssuerResponse, LogInCall, LoggedIn, NewFactor, OverviewCall, PaymentPage,
    PaymentState, PaymentsCall, ProvisionCall, RecoveryCodes, Reset, ResetCall, SecondFactor,
    SignUp, SignUpCall, SignedUpCall, TillCard,
};
pub use anchor::{Anchor, AnchorFailure, AnchorState};
pub use clock::SetClock;
pub use device::Device;
pub use error::WalletError;
pub use keystore::{DeviceKeystore, KeystoreFailure};
#[cfg(feature = "account")]
pub use moving::{MoveAnswer, MoveProblem, Moving, TransferRequest};
pub use otp_credentials::{Otp, OtpAlgorithm, OtpCode, OtpCredentials, OtpKind};
pub use passes::{Pass, PassFormat, Passes, StoredPass};
pub use payment_code::{Language, PaymentCode, Symbol, SymbolFormat};
pub use payments::{ClockStatus, LockStatus, NewPaymentCredential, NextCode, Payment, Payments};
pub use unlocked::PaymentUnlock;
pub use wallet::{WalletHandle, destroy_wallet};

/// Wipes what is freed. UniFFI copies arguments and results through buffers of its own, and no `Zeroizing` of ours
/// reaches those.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

uniffi::setup_scaffolding!();
