//! What can go wrong in a store. No text has a value of a row in it.

/// What a store did not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another account is found by this address. Nothing was written.
    #[error("another account has this address")]
    HandleTaken,
    /// There is no such account.
    #[error("there is no such account")]
    NoSuchAccount,
    /// There is an account of this number. Nothing was written.
    #[error("an account with this id exists already")]
    AccountExists,
    /// An authorisation is no longer as it was read, or may not become that. Nothing was written.
    #[error("the authorisation was changed concurrently")]
    VersionConflict,
    /// The account has no such card. Nothing was written.
    #[error("the account has no such card")]
    NoSuchCard,
    /// There is a till of this id. Nothing was written.
    #[error("a till with this id exists: revoke it first, or choose another id")]
    TillExists,
    /// There is no till of this id. Nothing was written.
    #[error("no till has this id")]
    NoSuchTill,
    /// Another edition of this program made the database: this migration of its history is not ours. Nothing was written.
    #[error(
        "another edition of this program made the database (migration {0} differs): run that edition, \
         or start with an empty database; until 1.0 data is not carried over"
    )]
    OtherEdition(i64),
    /// A row is not as it was written.
    #[error("a row of {0} cannot be read")]
    Unreadable(&'static str),
    /// The store cannot be reached, or is too busy. Nothing was written.
    #[error("the store cannot be reached: {0}")]
    Unavailable(&'static str),
    /// The database refused. Nothing was written.
    #[error("the database rejected the transaction with code {0}")]
    Refused(String),
    /// The connection went away with the answer to a commit: it may have been written.
    #[error("the store was lost during a commit, whose outcome is unknown")]
    CommitOutcomeUnknown,
    /// What was to decide, panicked. Nothing was written.
    #[error("the transaction panicked")]
    Panicked,
    /// A file of the store, or of its backup.
    #[error("{what}: {kind}")]
    File {
        /// What could not be done.
        what: &'static str,
        /// Why.
        kind: std::io::ErrorKind,
    },
    /// A program of the database's failed.
    #[error("{program} failed: {said}")]
    Program {
        /// Which.
        program: &'static str,
        /// What it said last.
        said: String,
    },
}

impl StoreError {
    /// What another transaction wrote between our reading and our writing: this one begins anew and reads it.
    pub(super) fn again() -> Self {
        // A serialisation failure in the words of the SQL standard, which is what it is.
        Self::Refused("40001".to_owned())
    }
}
