//! The schema's edition: one migration for each database, edited in place until 1.0.

use refinery::error::Kind;

use super::error::StoreError;

/// An error of a database's driver.
type DriverError = dyn std::error::Error + Send + Sync + 'static;

/// Maps why the schema could not be set up. A history with another checksum or with more migrations is another
/// edition's. `map` maps the driver's error, whose text may quote a value.
pub(super) fn schema_error(
    error: &refinery::Error,
    map: impl FnOnce(&DriverError) -> Option<StoreError>,
) -> StoreError {
    match error.kind() {
        Kind::MissingVersion(migration) | Kind::DivergentVersion(migration, _) => {
            StoreError::OtherEdition(migration.version().into())
        }
        Kind::Connection(_, driver) => {
            map(&**driver).unwrap_or(StoreError::Unavailable("its tables cannot be set up"))
        }
        _ => StoreError::Unavailable("its migrations cannot be read"),
    }
}
