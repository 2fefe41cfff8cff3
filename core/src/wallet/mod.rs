//! The wallet: a facade over the vault, with a handle for each feature.
//!
//! | file | what is in it |
//! |---|---|
//! | `open`, `handles` | [`Wallet`]: opening and closing the file; a handle for each feature |
//! | `payments`, `lock` | [`Payments`]: payment credentials and their codes, the payment lock |
//! | `otp_credentials`, `passes` | one-time passwords; passes of others |
//! | `account`, `session`, `provisioning`, `payment_history` | [`Account`]: requests to the issuer, and what their answers bring |
//! | `device_calls`, `queued_message` | requests that work while the payment lock is closed; the one that goes out first |
//! | `freeze_code` | freezing by a mailed code |
//! | `recovery_codes` | recovery codes that were shown, and typed back |
//! | `account_secrets`, `memory_secrets` | the session and the account's own second factor: under the payment lock or in memory |
//! | `freshness` | signing a request again when its challenge is too old |
//! | `request`, `profile`, `issuer_address` | a request on its way, and whom it is for |
//! | `transfer` | [`Transfer`]: passes and one-time passwords to another phone |
//! | `error` | [`Error`]: what a user interface acts on |

mod account;
mod account_secrets;
#[cfg(test)]
mod account_secrets_tests;
#[cfg(test)]
mod account_tests;
mod device_calls;
mod error;
mod freeze_code;
mod freshness;
mod handles;
mod issuer_address;
mod known_challenge;
mod lock;
mod memory_secrets;
mod open;
mod otp_credentials;
mod passes;
mod payment_history;
mod payments;
mod profile;
mod provisioning;
#[cfg(test)]
mod provisioning_tests;
mod queued_message;
#[cfg(test)]
mod queued_message_tests;
mod recovery_codes;
mod request;
mod session;
#[cfg(test)]
mod test_phone;
mod transfer;

pub use account::Account;
pub use error::Error;
pub use issuer_address::{InvalidIssuerAddress, IssuerAddress};
pub use open::Wallet;
pub use otp_credentials::{OtpCredentialInfo, OtpCredentials};
pub use passes::Passes;
pub use payment_history::PaymentHistory;
pub use payments::{NewPaymentCredential, NextCode, PaymentCredentialInfo, Payments};
pub use profile::{AccountProfile, AccountStatus};
pub use recovery_codes::{ConfirmedRecoveryCodes, IssuedRecoveryCodes};
pub use request::{PendingRequest, SplitSession};
pub use transfer::Transfer;
