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
//! | `payment_lock`, `lock` | the payment lock: seeds sealed a second time; how its key is kept |
//! | `keystore`, `software` | where the device keeps its own key |
//! | `anchor`, `file_anchor`, `adopt` | how an older copy of the file is told, and taken over all the same |
//! | `replace` | another key: around the data key, or the data key itself |
//! | `migrate` | from one format to the next |
//! | `stretch`, `durable`, `error` | Argon2id; files that appear whole or not at all; what can go wrong |

mod adopt;
mod aead;
mod anchor;
pub(crate) mod cbor;
mod database;
mod durable;
mod error;
mod file_anchor;
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
mod migrate;
mod payment_lock;
mod record;
mod replace;
mod software;
mod store;
mod stretch;
#[cfg(test)]
mod vectors;

pub use anchor::{Anchor, AnchorError, AnchorState};
pub use error::VaultError;
pub use file_anchor::FileAnchor;
pub use ids::{RecordId, VaultId};
pub use keystore::{Keystore, KeystoreError};
pub use kinds::{
    AccountRecord, OtpAlgorithm, OtpCredential, OtpKind, OutOfRange, Pass, PassFormat,
    PaymentCredential, RecordKind, Setting,
};
pub(crate) use kinds::{History, PendingProvisioning, Provisioning, TransferState, decode, encode};
pub use payment_lock::{LockStatus, MAX_PIN_TRIES, PaymentUnlock, UnlockMethod};
pub use software::{SoftwareKeystore, SoftwareKeystoreError};
pub use store::{Transaction, Vault};
pub use stretch::{Argon2Params, Argon2ParamsOutOfRange};
