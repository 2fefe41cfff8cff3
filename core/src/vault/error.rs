//! What can go wrong with a vault, in the terms a host acts on.

use super::pin::WeakPin;
use crate::RandomUnavailable;

/// Why a vault was not opened, read or written.
///
/// None of these makes a new key, changes a record or removes a file: only [`Vault::destroy`] removes, and only the
/// host calls it.
///
/// [`Vault::destroy`]: super::Vault::destroy
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// There is no file at this path.
    #[error("there is no vault at this path")]
    NotFound,
    /// Something is at the path where a vault should be made, or was left beside it.
    #[error("a file already exists where the vault would be created")]
    AlreadyExists,
    /// Another process, or another `Vault` of this one, has the file open.
    #[error("the vault is in use elsewhere")]
    InUse,
    /// The device's keystore cannot be asked now: try again when the device is unlocked.
    #[error("the device's keystore is locked")]
    Locked,
    /// The device's keystore no longer has the key that this vault was made with.
    #[error("the device's keystore has no key for this vault")]
    KeyMissing,
    /// The device's keystore has the key and refuses it for good, as after a change of the screen lock.
    #[error("the device's keystore has invalidated the key of this vault")]
    KeyInvalidated,
    /// The vault was made with the keystore of another device.
    #[error("the vault belongs to another device")]
    WrongDevice,
    /// The file is not a vault, or has been damaged or altered.
    #[error("the vault is damaged or was altered")]
    Corrupt,
    /// The file, or a record in it, was written by a later version.
    #[error("the vault was written by a newer version")]
    NewerFormat,
    /// The file is not the one written last: an older copy was put back, or the anchor was lost.
    #[error("the vault was rolled back to an older copy")]
    RolledBack,
    /// The record asked for is of another kind.
    #[error("the record is of another kind")]
    WrongKind,
    /// A record would hold more than 65,536 bytes.
    #[error("the record is too large: at most 65,536 bytes fit into one")]
    TooLarge,
    /// A field is not in its range; nothing was written.
    #[error(transparent)]
    OutOfRange(#[from] FieldOutOfRange),
    /// The disk or the operating system refused.
    #[error("cannot access the vault file: {0}")]
    Storage(&'static str),
    /// The keystore failed in another way than those above, in its own words.
    #[error("the device's keystore failed: {0}")]
    Keystore(String),
    /// The anchor could not be loaded or stored, in the host's words.
    #[error("the vault's anchor failed: {0}")]
    Anchor(String),
    /// The payment lock is not opened, or was changed since.
    #[error("payments are locked")]
    PaymentsLocked,
    /// The payment lock cannot be opened in this way.
    #[error("this way to unlock payments is not set up")]
    UnlockNotSet,
    /// Nothing else opens the payment lock, so this way cannot be removed.
    #[error(
        "this is the only way to unlock payments: set up another one first, or remove the lock"
    )]
    LastUnlockMethod,
    /// A key of the host is not set without a PIN: whoever changes the phone's fingers would have the payments.
    #[error("set a PIN first: biometrics alone do not lock payments")]
    PinRequired,
    /// The PIN is wrong.
    #[error("wrong PIN, attempts left: {tries_left}")]
    WrongPin {
        /// How many more wrong PINs are accepted before the PIN is blocked.
        tries_left: u32,
    },
    /// Too many wrong PINs were tried, and the PIN opens nothing any more.
    #[error("the PIN is blocked after too many wrong attempts")]
    PinBlocked,
    /// A new PIN is refused; the old one stays.
    #[error(transparent)]
    WeakPin(#[from] WeakPin),
    /// The PIN works with this keystore only.
    #[error("the PIN is bound to the keystore: remove the lock first and set a PIN afterwards")]
    PinBound,
    /// No randomness; nothing was written.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

/// A field outside of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is out of range: {expected} is expected")]
pub struct FieldOutOfRange {
    /// The name of the field, for people.
    pub field: &'static str,
    /// The range that it must be in, for people.
    pub expected: &'static str,
}

/// Bytes that do not verify, or do not have the shape that verified bytes have.
impl From<ring::error::Unspecified> for VaultError {
    fn from(_: ring::error::Unspecified) -> Self {
        Self::Corrupt
    }
}
