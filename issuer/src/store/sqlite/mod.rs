//! SQLite: embedded, nothing to set up. One thread writes, in the order in which work came, and commits what has queued
//! up as one transaction; a few connections read beside it. Other processes may use the same file: an operator's
//! commands do.

mod checkpoints;
mod writer;

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, TransactionBehavior, params_from_iter};
use tokio::sync::Semaphore;

use super::StoreError;
use super::database::{Transaction, Within};
use super::sql::{Read, Row, Statement, Value};
use checkpoints::Checkpoints;
use writer::Writer;

mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// Connections that read at a time. Reads are short and this machine's.
const READERS: usize = 4;

/// How often a file is tried to be opened that others open, too.
const TRIES: u32 = 8;

/// What the one connection that writes keeps in memory, in KiB: the pages that payments go through, for each of which
/// the system would be asked otherwise.
const WRITERS_CACHE: u32 = 64 * 1024;

/// How long a statement waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

pub(in crate::store) struct Sqlite {
    file: PathBuf,
    writer: Writer,
    readers: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Sqlite {
    pub(in crate::store) async fn open(file: &Path) -> Result<Self, StoreError> {
        let path = file.to_owned();
        let connection = blocking(move || {
            make_private(&path)?;
            // Several processes that all begin get in each other's way; who comes next finds the tables there.
            let mut tries = 1;
            loop {
                match connect(&path).and_then(migrated) {
                    Err(StoreError::Refused(_) | StoreError::Unavailable(_)) if tries < TRIES => {
                        std::thread::sleep(Duration::from_millis(1 << tries));
                        tries += 1;
                    }
                    done => return done,
                }
            }
        });
        Ok(Self {
            file: file.to_owned(),
            writer: Writer::start(to_write(connection.await?)?, Checkpoints::start(file)?)?,
            readers: Arc::default(),
            permits: Arc::new(Semaphore::new(READERS)),
        })
    }

    pub(in crate::store) async fn rows(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.read(move |connection| rows(connection, sql, values)).await
    }

    pub(in crate::store) async fn reads(
        &self,
        reads: Vec<Read>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        self.read(move |connection| {
            reads.into_iter().map(|read| rows(connection, read.sql, read.values)).collect()
        })
        .await
    }

    pub(in crate::store) async fn write<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(work, false).await
    }

    pub(in crate::store) async fn write_together<T: Send + 'static>(
        &self,
        work: impl for<'a> Fn(&'a mut dyn Transaction) -> Within<'a, T> + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        self.writer.write(work, true).await
    }

    pub(in crate::store) async fn write_one(&self, statement: Statement) -> Result<(), StoreError> {
        self.write_together(move |transaction| {
            let statement = statement.clone();
            Box::pin(async move { transaction.write(vec![statement]).await })
        })
        .await
    }

    /// Does `work` on a connection that only reads.
    pub(in crate::store) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| StoreError::Unavailable("closed"))?;
        let (readers, file) = (Arc::clone(&self.readers), self.file.clone());
        blocking(move || {
            let _permit = permit;
            let idle = readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = idle.map_or_else(|| connect_to_read(&file), Ok)?;
            let read = work(&connection);
            readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            read
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Panicked))
}

/// Makes the file if there is none, for its owner alone. SQLite gives its log the same rights.
pub(in crate::store) fn make_private(file: &Path) -> Result<(), StoreError> {
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
    connection.busy_timeout(PATIENCE).map_err(refused)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(refused)?;
    // Else a statement that is kept prepared is planned anew each time when a limit or a part of an index hangs on a value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(refused)?;
    // A commit is on the disk when it returns; what is deleted is overwritten.
    let settings = "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA fullfsync = on; \
        PRAGMA secure_delete = on; PRAGMA trusted_schema = off;";
    connection.execute_batch(settings).map_err(refused)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// As the writer has it. Its log is carried over by others. What a savepoint may have to take back stands in memory, not in a file beside the database.
fn to_write(connection: Connection) -> Result<Connection, StoreError> {
    let settings = format!(
        "PRAGMA cache_size = -{WRITERS_CACHE}; PRAGMA wal_autocheckpoint = 0; \
         PRAGMA temp_store = memory"
    );
    connection.execute_batch(&settings).map_err(refused)?;
    Ok(connection)
}

fn connect_to_read(file: &Path) -> Result<Connection, StoreError> {
    let connection = connect(file)?;
    connection.execute_batch("PRAGMA query_only = on").map_err(refused)?;
    Ok(connection)
}

/// With all tables of this version.
pub(in crate::store) fn migrated(mut connection: Connection) -> Result<Connection, StoreError> {
    let runner = embedded::migrations::runner();
    connection.set_transaction_behavior(TransactionBehavior::Immediate);
    match runner.run(&mut connection) {
        Ok(_) => Ok(connection),
        Err(error) => Err(super::database::schema_error(&error)),
    }
}

fn rows(connection: &Connection, sql: &str, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
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

/// SQLite's own words may quote a value; its codes do not.
#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err everywhere")]
pub(in crate::store) fn refused(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error() {
        Some(error) if error.code == ErrorCode::DatabaseBusy => StoreError::Unavailable("busy"),
        Some(error) => StoreError::Refused(format!("SQLite {}", error.extended_code)),
        None => StoreError::Unreadable("the database"),
    }
}
