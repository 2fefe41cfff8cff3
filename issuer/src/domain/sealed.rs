//! Secrets as they stand in rows: encrypted, or hashed under a key.

use std::fmt;

use tegata_policy::SecretKind;

/// A value as it stands in a row: sealed, or the keyed hash of a code.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// 0 for a hash, else the number of the key that it is sealed under.
    pub(crate) key: u8,
    pub(crate) bytes: Vec<u8>,
}

impl Sealed {
    /// Stands for a code that is not there: no code is stored as this.
    pub(crate) fn nothing() -> Self {
        Self { key: 0, bytes: vec![0; 32] }
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A payment seed as it stands in a row: sealed, and beside it the key that its aliases are derived from, under the same
/// sealing key.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedSeed {
    pub(crate) key: u8,
    pub(crate) seed: Vec<u8>,
    pub(crate) alias_key: Vec<u8>,
}

impl SealedSeed {
    /// Gives the columns of its row: the number of the sealing key, the seed, the alias key.
    #[must_use]
    pub fn columns(&self) -> (u8, &[u8], &[u8]) {
        (self.key, &self.seed, &self.alias_key)
    }
}

impl fmt::Debug for SealedSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSeed").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A key of the issuer's as it stands in a row: its number, and what wraps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// 0 for the root that is not for sealing, then the sealing roots in the order that they were made in.
    pub number: u8,
    /// The key, sealed under the server key.
    pub wrapped: Vec<u8>,
}

macro_rules! secret_kinds {
    ($($kind:ident = $number:literal,)*) => {
        /// Gives the number that a kind has in rows and hashes, for good.
        pub(crate) fn secret_kind_number(kind: SecretKind) -> u8 {
            match kind { $(SecretKind::$kind => $number,)* }
        }

        /// Gives the kind that has this number, if one has.
        pub(crate) fn secret_kind(number: u8) -> Option<SecretKind> {
            match number { $($number => Some(SecretKind::$kind),)* _ => None }
        }
    };
}

secret_kinds! { Address = 1, Password = 2, MailedCode = 3, Factor = 4, Recovery = 5, Notice = 6, }
