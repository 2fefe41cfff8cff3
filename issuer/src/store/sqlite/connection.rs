//! A connection to the file: its settings, its schema, and values in both directions.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, TransactionBehavior, params_from_iter};

use super::super::error::StoreError;
use super::super::schema::schema_error;
use super::super::sql::{Row, Value};

mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// The page cache of the one connection that writes, in KiB. It holds the pages that payments go through, for each of
/// which the operating system would be asked otherwise.
const WRITER_CACHE_KIB: u32 = 64 * 1024;

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Makes the file if there is none, readable by its owner alone. SQLite gives its log the same permissions.
pub(in crate::store) fn create_private_file(file: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(file).map(drop);
    opened.map_err(|error| StoreError::File {
        what: "the database cannot be opened",
        kind: error.kind(),
    })
}

pub(in crate::store) fn connect(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(refused)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(refused)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(refused)?;
    // Without it a cached statement is planned again each time when a limit or a partial index depends on a value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(refused)?;
    // A commit is on the disk when it returns; deleted content is overwritten.
    let settings = "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA fullfsync = on; \
        PRAGMA secure_delete = on; PRAGMA trusted_schema = off;";
    connection.execute_batch(settings).map_err(refused)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Sets the connection up for the writer. The checkpoint thread takes care of its log. What a savepoint may have to
/// roll back is kept in memory, not in a file beside the database.
pub(super) fn set_up_writer(connection: Connection) -> Result<Connection, StoreError> {
    let settings = format!(
        "PRAGMA cache_size = -{WRITER_CACHE_KIB}; PRAGMA wal_autocheckpoint = 0; \
         PRAGMA temp_store = memory"
    );
    connection.execute_batch(&settings).map_err(refused)?;
    Ok(connection)
}

pub(super) fn connect_read_only(file: &Path) -> Result<Connection, StoreError> {
    let connection = connect(file)?;
    connection.execute_batch("PRAGMA query_only = on").map_err(refused)?;
    Ok(connection)
}

/// Creates the tables if there are none, and refuses those of another edition.
pub(in crate::store) fn migrate(mut connection: Connection) -> Result<Connection, StoreError> {
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    match embedded::migrations::runner().run(&mut connection) {
        Ok(_) => Ok(connection),
        Err(error) => Err(schema_error(&error, |driver| driver.downcast_ref().map(refused_by))),
    }
}

pub(super) fn rows(
    connection: &Connection,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<Row>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(refused)?;
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(values)).map_err(refused)?;
    let mut read = Vec::new();
    while let Some(row) = rows.next().map_err(refused)? {
        let value = |column| row.get_ref(column).map_err(refused).and_then(value);
        read.push(Row::new((0..columns).map(value).collect::<Result<_, _>>()?));
    }
    Ok(read)
}

fn value(value: ValueRef<'_>) -> Result<Value, StoreError> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(int) => Value::Int(int),
        ValueRef::Blob(blob) => Value::Blob(blob.to_vec()),
        ValueRef::Text(text) => {
            let text = String::from_utf8(text.to_vec());
            Value::Text(text.map_err(|_| StoreError::Unreadable("the database"))?)
        }
        ValueRef::Real(_) => return Err(StoreError::Unreadable("the database")),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => rusqlite::types::Null.into(),
            Self::Int(int) => (*int).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Blob(blob) => blob.as_slice().into(),
        })
    }
}

/// Maps an error to its code: SQLite's text may quote a value.
#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err everywhere")]
pub(in crate::store) fn refused(error: rusqlite::Error) -> StoreError {
    refused_by(&error)
}

fn refused_by(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error() {
        Some(error) if error.code == ErrorCode::DatabaseBusy => StoreError::Unavailable("busy"),
        Some(error) if error.code == ErrorCode::DiskFull => {
            StoreError::Unavailable("the disk is full: make room (SQLITE_FULL)")
        }
        Some(error) if error.code == ErrorCode::ReadOnly => StoreError::Unavailable(
            "the database file or its folder cannot be written: check owner and mode (SQLITE_READONLY)",
        ),
        Some(error) if error.code == ErrorCode::CannotOpen => StoreError::Unavailable(
            "the database file cannot be opened: check the path, owner and mode (SQLITE_CANTOPEN)",
        ),
        Some(error) if error.code == ErrorCode::NotADatabase => {
            StoreError::Unavailable("the file is not an SQLite database (SQLITE_NOTADB)")
        }
        Some(error) => StoreError::Refused(format!("SQLite {}", error.extended_code)),
        None => StoreError::Unreadable("the database"),
    }
}
