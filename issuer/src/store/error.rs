//! What can go wrong in a store. No text contains a value of a row.

use super::sql_state::sentence;

/// Why the store did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another account has this address. Nothing was written.
    #[error("another account has this address")]
    HandleTaken,
    /// No account has this id.
    #[error("there is no such account")]
    NoSuchAccount,
    /// An account has this id already. Nothing was written.
    #[error("an account with this id exists already")]
    AccountExists,
    /// An authorisation has another version than the one that was read, or may not move to that state. Nothing was
    /// written.
    #[error("the authorisation was changed concurrently")]
    VersionConflict,
    /// The signed request was carried out before. Nothing was written.
    #[error("the request was carried out before")]
    AnsweredBefore,
    /// The account has no such card. Nothing was written.
    #[error("the account has no such card")]
    NoSuchCard,
    /// A till has this id already. Nothing was written.
    #[error("a till with this id exists: revoke it first, or choose another id")]
    TillExists,
    /// No till has this id. Nothing was written.
    #[error("no till has this id")]
    NoSuchTill,
    /// Payments and events are not kept by month in SQLite.
    #[error("a SQLite store is one file without partitions")]
    NotPartitioned,
    /// A month of payments and events cannot be detached, for this reason. Nothing was written.
    #[error("the month stays: {0}")]
    MonthInUse(&'static str),
    /// Another edition of this program made the database: this migration of its history is not ours. Nothing was
    /// written.
    #[error(
        "another edition of this program made the database (migration {0} differs): run that edition, \
         or start with an empty database; until 1.0 data is not carried over"
    )]
    OtherEdition(i64),
    /// A row, of the table named, is not as the issuer writes it.
    #[error("a row of {0} cannot be read")]
    Unreadable(&'static str),
    /// The database cannot be reached, or is too busy. Nothing was written.
    #[error("the store cannot be used: {0}")]
    Unavailable(&'static str),
    /// Another transaction was in the way each time. Nothing was written.
    #[error("the database is busy with conflicting transactions: try again")]
    Conflict,
    /// The database refused, with this code. Nothing was written.
    #[error("{}", sentence(.0))]
    Refused(String),
    /// A pooler hands out its connections by transaction. Nothing was written.
    #[error(
        "a pooler before PostgreSQL gives each transaction another connection (pgbouncer: \
         pool_mode = transaction), which this program cannot work with: connect to the server \
         itself, or set pool_mode = session"
    )]
    TransactionPooling,
    /// The connection was lost before a commit was answered: it may have been written.
    #[error("the store was lost during a commit, whose outcome is unknown")]
    CommitOutcomeUnknown,
    /// The code that decides what to write panicked. Nothing was written.
    #[error("the transaction panicked")]
    Panicked,
    /// A file of the store, or of its backup.
    #[error("{what}: {kind}")]
    File {
        /// What could not be done.
        what: &'static str,
        /// The operating system's reason.
        kind: std::io::ErrorKind,
    },
    /// A command of PostgreSQL's failed.
    #[error("{program} failed: {message}")]
    Program {
        /// The name of the command.
        program: &'static str,
        /// The first line that it printed as an error.
        message: String,
    },
}

impl StoreError {
    /// Tells whether the database is away, or was lost on the way: others will find the same.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::CommitOutcomeUnknown)
    }
}
