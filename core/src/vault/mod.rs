//! Sealed storage: one SQLite file whose records can be neither read nor changed unnoticed without the device's key.
//!
//! The byte format is docs/vault-format.md. From the outside in:
//!
//! | file | what is in it |
//! |---|---|
//! | `open` | making a vault, opening it, opening one that was rolled back |
//! | `store`, `transaction` | [`Vault`] and [`Transaction`]: reads and writes |
//! | `payment_lock`, `pin` | the payment lock: [`PaymentUnlock`], PIN, biometric key; which PINs are accepted |
//! | `account_secret`, `open_lock` | the account's secrets under the payment lock; its key while it is open |
//! | `rekey`, `migrate` | another data key or keystore; from one format to the next |
//! | `rows` | the sealed rows: read one, read all, check all |
//! | `database` | the SQLite file: its lock, settings, schema, values that are not trusted |
//! | `kinds`, `cbor` | what a record can hold, and how it is encoded |
//! | `manifest` | which records there are, so that none can be swapped, dropped or put back |
//! | `record`, `keys`, `lock_key`, `aead` | how a record is sealed, and under which keys |
//! | `anchor`, `file_anchor`, `rollback` | the epoch outside of the file, by which an older copy is detected |
//! | `keystore`, `software_keystore`, `keystore_file`, `passphrase` | where the device keeps its own key |
//! | `argon2_params`, `durable` | the cost of a guess at a PIN or passphrase; files that appear whole or not at all |
//! | `error`, `format`, `ids` | plain values: errors, the newest format, ids |

mod account_secret;
mod aead;
mod anchor;
mod argon2_params;
pub(crate) mod cbor;
mod database;
mod device;
mod durable;
mod error;
mod file_anchor;
#[cfg(test)]
mod fixture;
mod format;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub(crate) mod fuzz;
mod ids;
mod keys;
mod keystore;
mod keystore_file;
mod kinds;
mod lock_key;
mod manifest;
mod migrate;
mod open;
mod open_lock;
mod passphrase;
mod payment_lock;
mod pin;
mod record;
mod rekey;
mod rollback;
mod rows;
mod software_keystore;
mod store;
mod transaction;
#[cfg(test)]
mod vectors;

pub(crate) use account_secret::{LockState, is_factor_of};
pub use anchor::{Anchor, AnchorError, AnchorState};
pub use argon2_params::{Argon2Params, Argon2ParamsOutOfRange};
pub use device::Device;
pub use error::{FieldOutOfRange, VaultError};
pub use file_anchor::FileAnchor;
pub use ids::{RecordId, VaultId};
pub use keystore::{Keystore, KeystoreError};
pub use keystore_file::SoftwareKeystoreError;
pub use kinds::{
    AccountRecord, OtpAlgorithm, OtpCredential, OtpKind, Pass, PassFormat, PaymentCredential,
    RecordKind, Setting,
};
pub(crate) use kinds::{
    AccountSecret, History, PendingProvisioning, Provisioning, QueuedMessage, SecretPurpose,
    TransferState, decode, encode,
};
pub(crate) use open_lock::OpenLock;
pub use payment_lock::{LockStatus, MAX_PIN_TRIES, PaymentUnlock, UnlockMethod};
pub use pin::WeakPin;
pub use software_keystore::SoftwareKeystore;
pub use store::Vault;
pub use transaction::Transaction;
