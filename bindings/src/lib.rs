//! The wallet core for Kotlin, Swift and Python: the surface that UniFFI exports, and nothing else.
//!
//! Each item here wraps one of `tegata`; the rules are there. What this crate adds is what a language border needs: one
//! lock around a wallet, panics that end here, failures of the host that become typed errors, and signed numbers, since
//! Kotlin mangles the names of functions that take unsigned ones and Java cannot call them then.
//!
//! | file | what is in it |
//! |---|---|
//! | `wallet` | [`WalletHandle`]: opening and closing the file, and a handle for each feature |
//! | `payments`, `otp_credentials`, `passes`, `account`, `transfer` | the features, a handle each |
//! | `payment_unlock` | [`PaymentUnlock`]: the unlock token of the payment lock |
//! | `payment_code` | a code and its symbols, as data |
//! | `device`, `keystore`, `anchor`, `clock` | what the host hands over |
//! | `shared_wallet` | the open wallet that all handles share; where panics end |
//! | `error`, `issuer_problem`, `pin_problem`, `transfer_problem` | what can go wrong |
//! | `shopper_state` | what a shopper is told of each, in the words of `words.json` |
//! | `id`, `number` | ids of records as text; numbers as Java has them |
//!
//! The features `account` and `transfer` come with this crate's Cargo feature `account`, off by default; packages are
//! built with it.

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
#[cfg(feature = "account")]
mod issuer_problem;
mod keystore;
mod number;
mod otp_credentials;
mod passes;
mod payment_code;
mod payment_unlock;
mod payments;
mod pin_problem;
mod shared_wallet;
mod shopper_state;
#[cfg(feature = "testing")]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(feature = "account")]
mod transfer;
#[cfg(feature = "account")]
mod transfer_problem;
mod wallet;

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

#[cfg(feature = "account")]
pub use account::{
    Account, AccountCard, AccountDevice, AccountOverview, AccountOverviewCall, AccountPayment,
    AccountProfile, AccountSession, AccountStatus, ActionCall, BeginPasswordResetCall,
    BeginSignUpCall, CardSetup, CardSetupCall, CardsCall, ConfirmedRecoveryCodes, DeviceStatus,
    DeviceStatusCall, FactorEnrolment, FactorEnrolmentCall, FinishSignUpCall, FreezeByMailedCode,
    FreezeCodeCall, IssuerRequest, IssuerResponse, LogInByCode, LogInCall, LogInCodeCall,
    LogInResult, PasswordReset, PaymentHistoryCall, PaymentPage, PaymentState, ProvisionCall,
    RecoveryCodes, RecoveryCodesCall, SecondFactor, SignUp, TillCard,
};
pub use anchor::{Anchor, AnchorError, AnchorState};
pub use clock::ManualClock;
pub use device::Device;
pub use error::WalletError;
#[cfg(feature = "account")]
pub use issuer_problem::IssuerProblem;
pub use keystore::{Keystore, KeystoreError};
pub use otp_credentials::{OtpAlgorithm, OtpCode, OtpCredentialInfo, OtpCredentials, OtpKind};
pub use passes::{Pass, PassFormat, Passes, StoredPass};
pub use payment_code::{Language, PaymentCode, Symbol, SymbolFormat};
pub use payment_unlock::PaymentUnlock;
pub use payments::{
    ClockStatus, LockStatus, NewPaymentCredential, NextCode, PaymentCredentialInfo, Payments,
};
pub use pin_problem::PinProblem;
pub use shopper_state::ShopperState;
#[cfg(feature = "account")]
pub use transfer::{SealedTransfer, Transfer, TransferRequest};
#[cfg(feature = "account")]
pub use transfer_problem::TransferProblem;
pub use wallet::{WalletHandle, destroy_wallet};

/// Wipes what is freed. UniFFI copies arguments and results through buffers of its own, which no `Zeroizing` here
/// reaches.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// The version of the library: for an app's report of a bug.
#[uniffi::export]
#[must_use]
pub fn library_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

uniffi::setup_scaffolding!();
