//! Sealed storage: one SQLite file whose records can be neither read nor changed unnoticed without the device's key.
//!
//! The byte format is docs/vault-format.md. From the outside in:
//!
//! | file | idea |
//! |---|---|
//! | `store` | [`Vault`]: open, read, write in transactions |
//! | `database` | the SQLite file: lock, settings, schema, rows that are not trusted |
//! | `kinds`, `cbor` | what a record can hold, and how it is written down |
//! | `manifest` | which records there are, so that none can be swapped, dropped or put back |
//! | `record`, `keys`, `ids`, `aead` | how one record is sealed, and under what |
//! | `lock` | the payment lock: seeds sealed a second time, the lock's key under a PIN |
//! | `keystore`, `software` | where the device keeps its own key |
//! | `stretch`, `durable`, `error` | Argon2id; files that appear whole or not at all; what can go wrong |

mod aead;
mod cbor;
mod database;
mod durable;
mod error;
#[cfg(test)]
mod fixture;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub(crate) mod fuzz;
mod ids;
mod keys;
mod keystore;
mod kinds;
mod lock;
mod manifest;
mod record;
mod software;
mod store;
mod stretch;
#[cfg(test)]
mod vectors;

pub use error::VaultError;
pub use ids::{RecordId, VaultId};
pub use keystore::{Keystore, KeystoreError};
pub use kinds::{
    Account, Kind, OtpAlgorithm, OtpCredential, OtpMoving, OutOfRange, Pass, PassFormat,
    PaymentCredential, Setting,
};
pub use software::{SoftwareKeystore, SoftwareKeystoreError};
pub use store::{Transaction, Vault};
pub use stretch::{Stretch, StretchOutOfRange};
