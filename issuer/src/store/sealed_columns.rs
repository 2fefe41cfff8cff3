//! Columns of sealed values.

use tegata_policy::SecretKind;

use super::error::StoreError;
use super::sql::Row;
use crate::domain::{Sealed, SealedSeed, secret_kind};

/// Reads the number of a secret's kind, one column.
pub(super) fn kind(row: &mut Row) -> Result<SecretKind, StoreError> {
    secret_kind(row.int()?).ok_or(StoreError::Unreadable("secrets"))
}

/// Reads key and sealed bytes, two columns.
pub(super) fn sealed(row: &mut Row) -> Result<Sealed, StoreError> {
    Ok(Sealed { key: row.int()?, bytes: row.blob()? })
}

/// Reads key, seed and alias key, three columns.
pub(super) fn sealed_seed(row: &mut Row) -> Result<SealedSeed, StoreError> {
    Ok(SealedSeed { key: row.int()?, seed: row.blob()?, alias_key: row.blob()? })
}
