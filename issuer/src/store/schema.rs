//! The schema's edition: one migration for each database, edited in place until 1.0.

use refinery::error::Kind;

use super::error::StoreError;

/// Maps why the schema could not be set up. A history with another checksum or with more migrations is another
/// edition's.
pub(super) fn schema_error(error: &refinery::Error) -> StoreError {
    match error.kind() {
        Kind::MissingVersion(migration) | Kind::DivergentVersion(migration, _) => {
            StoreError::OtherEdition(migration.version().into())
        }
        // The driver's text may quote a value.
        Kind::Connection(..) => StoreError::Refused("of a migration".to_owned()),
        _ => StoreError::Unavailable("its migrations cannot be read"),
    }
}
