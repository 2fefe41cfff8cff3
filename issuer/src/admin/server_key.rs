//! Where the server key comes from: what is set, or, for development, a file beside SQLite's.

use std::path::PathBuf;

use tegata::Random;

use crate::config::{Config, KeyFileError, ServerKey, make_key_file, read_key_file};
use crate::store::{Store, StoreError};

/// Why there is no server key.
#[derive(Debug, thiserror::Error)]
pub enum ServerKeyError {
    /// None is set, and the store is no file that one could lie beside.
    #[error(
        "set server_key_file: a file with 32 random bytes in 64 hex digits, readable by its owner alone"
    )]
    NotSet,
    /// The store has keys under one, and it is not where it was made.
    #[error(
        "{0} is missing, and the store cannot be decrypted without it: put it back or set server_key_file"
    )]
    Gone(PathBuf),
    /// The file of the key cannot be read.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The store could not be read.
    #[error("cannot read the store's keys: {0}")]
    Store(#[from] StoreError),
}

/// Reads the key that is set, or that lies beside the store.
pub(crate) fn find(config: &Config) -> Result<ServerKey, ServerKeyError> {
    if let Some(key) = &config.server_key {
        return Ok(key.clone());
    }
    let file = config.key_file().ok_or(ServerKeyError::NotSet)?;
    read_key_file(&file)?.ok_or(ServerKeyError::Gone(file))
}

/// Checks that there can be one, before a store is opened.
pub(crate) fn check(config: &Config) -> Result<(), ServerKeyError> {
    match find(config) {
        Ok(_) | Err(ServerKeyError::Gone(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Reads the key that is set, or that lies beside the store; makes one there if the store is still empty.
pub(crate) async fn find_or_make(
    config: &Config,
    store: &Store,
    random: &dyn Random,
) -> Result<ServerKey, ServerKeyError> {
    match find(config) {
        Err(ServerKeyError::Gone(file)) if store.keys().await?.is_empty() => {
            let made = make_key_file(&file, random);
            // Another process may have been quicker: its key counts.
            if let Some(theirs) = made.is_err().then(|| read_key_file(&file)).transpose()?.flatten()
            {
                return Ok(theirs);
            }
            let made = made?;
            tracing::warn!(
                file = %file.display(),
                "created a server key beside the database, for development only: see docs/issuer.md"
            );
            Ok(made)
        }
        found => found,
    }
}
