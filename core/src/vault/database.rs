//! The SQLite file: its lock, its settings, and the check that its tables are the format's.
//!
//! Nothing here changes a file that is being opened: SQLite would fold a left-over log into it on closing, so that is
//! held back until the vault has been found whole (docs/adr/0005-failed-open-changes-nothing.md).

use std::ffi::OsString;
use std::io::ErrorKind;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row};

use super::error::VaultError;
use super::ids::{RecordId, VaultId};
use super::record::MAX_SEALED;
use super::{durable, format};

/// The tables, as they stand in the file to the letter.
const TABLES: [(&str, &str); 3] = [
    ("dek", "CREATE TABLE dek (generation INTEGER PRIMARY KEY, wrapped BLOB)"),
    ("meta", "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB)"),
    ("record", "CREATE TABLE record (id BLOB PRIMARY KEY, rev INTEGER, sealed BLOB) WITHOUT ROWID"),
];

/// Longest row that SQLite is allowed to take into memory.
const MAX_ROW: i32 = 128 * 1024;
const _: () = assert!(MAX_SEALED < 100 * 1024, "a row holds one sealed record and little else");

/// Most bytes that a keystore may make of a wrapped key.
pub(super) const MAX_WRAPPED: usize = 4096;

/// Opens an existing file, takes it for this process alone, and changes nothing in it.
pub(super) fn open(path: &Path) -> Result<Connection, VaultError> {
    if !exists(path)? {
        return Err(VaultError::NotFound);
    }
    // A vault never has a rollback journal, and SQLite would act on one.
    if exists(&with_suffix(path, "-journal"))? {
        return Err(VaultError::Corrupt);
    }
    let log_left = with_suffix(path, "-wal").metadata().is_ok_and(|log| log.len() > 0);
    let connection = connect(path)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, log_left)?;
    let mode: String = connection.query_one("PRAGMA main.journal_mode", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(VaultError::Corrupt);
    }
    Ok(connection)
}

/// Lets closing fold the log into the file from here on.
pub(super) fn allow_checkpoint_on_close(connection: &Connection) -> Result<(), VaultError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(())
}

/// Makes the tables and all that a new vault holds in an empty file, and leaves nothing beside it.
pub(super) fn create(
    path: &Path,
    vault: &VaultId,
    generation: NonZeroU32,
    wrapped: &[u8],
    manifest: (u64, &[u8]),
) -> Result<(), VaultError> {
    let created = write_initial_rows(path, vault, generation, wrapped, manifest);
    if created.is_err() {
        // What SQLite could neither fold in nor play back has no file to belong to.
        for suffix in ["-wal", "-journal"] {
            let _ = std::fs::remove_file(with_suffix(path, suffix));
        }
    }
    created
}

/// Writes it in one transaction and folds the log into the file: closing would do that too, but not report a failure.
fn write_initial_rows(
    path: &Path,
    vault: &VaultId,
    generation: NonZeroU32,
    wrapped: &[u8],
    manifest: (u64, &[u8]),
) -> Result<(), VaultError> {
    let mut connection = connect(path)?;
    // Run to the end of the statement: a failing disk is reported there, after the row.
    let mode: String =
        connection.query_one("PRAGMA main.journal_mode = wal", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(VaultError::Storage("the disk could not be read or written"));
    }
    let transaction = connection.transaction()?;
    for (_, table) in TABLES {
        transaction.execute(table, [])?;
    }
    let mut meta = transaction.prepare("INSERT INTO meta VALUES (?1, ?2)")?;
    meta.execute(("format", format::NEWEST.to_be_bytes()))?;
    meta.execute(("vault_id", vault.as_bytes()))?;
    drop(meta);
    transaction.execute("INSERT INTO dek VALUES (?1, ?2)", (generation.get(), wrapped))?;
    let (epoch, sealed) = manifest;
    transaction.execute(
        "INSERT INTO record VALUES (?1, ?2, ?3)",
        (RecordId::MANIFEST.as_bytes(), to_integer(epoch)?, sealed),
    )?;
    transaction.commit()?;
    purge(&connection)?;
    connection.close().map_err(|(_, error)| error.into())
}

/// Format and id of the vault, once the file has been found to be one of a format up to `newest`. The format comes
/// first: a later one may have other tables.
pub(super) fn identify(connection: &Connection, newest: u32) -> Result<(u32, VaultId), VaultError> {
    // Asked for by name: a later format may have other rows before it.
    let mut meta = connection.prepare("SELECT name, value FROM meta WHERE name = 'format'")?;
    let mut rows = meta.query([])?;
    let format_row = rows.next()?.ok_or(VaultError::Corrupt)?;
    let format: &[u8; 4] = meta_value(format_row, b"format")?;
    let format = match u32::from_be_bytes(*format) {
        0 => return Err(VaultError::Corrupt),
        later if later > newest => return Err(VaultError::NewerFormat),
        format => format,
    };
    check_tables(connection)?;
    // The vault's id is all there is besides. A row without a name is not unlike any name, but no row of this vault.
    let mut meta =
        connection.prepare("SELECT name, value FROM meta WHERE name IS NOT 'format' LIMIT 2")?;
    let mut rows = meta.query([])?;
    let id_row = rows.next()?.ok_or(VaultError::Corrupt)?;
    let id = VaultId::new(*meta_value(id_row, b"vault_id")?);
    if rows.next()?.is_some() { Err(VaultError::Corrupt) } else { Ok((format, id)) }
}

/// The wrapped keys, generations ascending; at most one more than a vault can have.
pub(super) fn wrapped_keys(
    connection: &Connection,
) -> Result<Vec<(NonZeroU32, Vec<u8>)>, VaultError> {
    let mut keys =
        connection.prepare("SELECT generation, wrapped FROM dek ORDER BY generation LIMIT 3")?;
    let mut rows = keys.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let generation = u32::try_from(integer(row, 0)?).ok().and_then(NonZeroU32::new);
        let wrapped = blob(row, 1)?;
        if wrapped.len() > MAX_WRAPPED {
            return Err(VaultError::Corrupt);
        }
        found.push((generation.ok_or(VaultError::Corrupt)?, wrapped.to_vec()));
    }
    Ok(found)
}

/// Folds the log into the file and empties it, so that what was deleted is in neither.
pub(super) fn purge(connection: &Connection) -> Result<(), VaultError> {
    let busy: i64 =
        connection.query_one("PRAGMA main.wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 { Ok(()) } else { Err(VaultError::InUse) }
}

/// Removes a vault's files; the main one first and for good, so that what a crash leaves cannot be opened as an older
/// vault: without its log, it is one.
pub(super) fn remove(path: &Path) -> Result<(), VaultError> {
    if exists(path)? {
        check_not_open(path)?;
    }
    let mut found = remove_file(path)?;
    if found {
        durable::sync_folder(path).map_err(|error| storage_error(&error))?;
    }
    for suffix in ["-wal", "-shm", "-journal"] {
        found |= remove_file(&with_suffix(path, suffix))?;
    }
    // Even if nothing was found: an earlier call may have removed it and failed here.
    match durable::sync_folder(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(storage_error(&error)),
        _ if found => Ok(()),
        _ => Err(VaultError::NotFound),
    }
}

fn remove_file(path: &Path) -> Result<bool, VaultError> {
    durable::remove(path).map_err(|error| storage_error(&error))
}

/// Returns `InUse` if the file is open elsewhere. A file that is no vault, or a damaged one, may be removed.
fn check_not_open(path: &Path) -> Result<(), VaultError> {
    let taken = connect(path).and_then(|connection| {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.execute_batch("BEGIN EXCLUSIVE; ROLLBACK")?;
        Ok(())
    });
    if taken == Err(VaultError::InUse) { taken } else { Ok(()) }
}

/// Whether a file occupies the path of a new vault or of its log. A log left behind would be taken for its own.
pub(super) fn is_occupied(path: &Path) -> Result<bool, VaultError> {
    for suffix in ["", "-wal", "-journal"] {
        if exists(&with_suffix(path, suffix))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A row's value, if it is a blob.
pub(super) fn blob<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], VaultError> {
    match row.get_ref(column)? {
        ValueRef::Blob(bytes) => Ok(bytes),
        _ => Err(VaultError::Corrupt),
    }
}

/// A row's revision: 1 up to 2^63 - 1.
pub(super) fn revision(row: &Row<'_>, column: usize) -> Result<u64, VaultError> {
    match u64::try_from(integer(row, column)?) {
        Ok(0) | Err(_) => Err(VaultError::Corrupt),
        Ok(rev) => Ok(rev),
    }
}

/// A revision as SQLite takes it. One for each nanosecond of three centuries fit.
pub(super) fn to_integer(rev: u64) -> Result<i64, VaultError> {
    i64::try_from(rev).map_err(|_| VaultError::Corrupt)
}

fn integer(row: &Row<'_>, column: usize) -> Result<i64, VaultError> {
    match row.get_ref(column)? {
        ValueRef::Integer(number) => Ok(number),
        _ => Err(VaultError::Corrupt),
    }
}

/// The value of a row of `meta`, if it has this name and length.
fn meta_value<'a, const N: usize>(
    row: &'a Row<'_>,
    name: &[u8],
) -> Result<&'a [u8; N], VaultError> {
    match row.get_ref(0)? {
        ValueRef::Text(text) if text == name => {
            blob(row, 1)?.try_into().map_err(|_| VaultError::Corrupt)
        }
        _ => Err(VaultError::Corrupt),
    }
}

/// Refuses any table, index, view or trigger that is not of this format, and any column more or less.
fn check_tables(connection: &Connection) -> Result<(), VaultError> {
    let mut schema = connection
        .prepare("SELECT type, name, tbl_name, sql FROM main.sqlite_schema ORDER BY name")?;
    let mut rows = schema.query([])?;
    for (name, sql) in TABLES {
        let row = rows.next()?.ok_or(VaultError::Corrupt)?;
        let as_ours = text_is(row, 0, "table")?
            && text_is(row, 1, name)?
            && text_is(row, 2, name)?
            && text_is(row, 3, sql)?;
        if !as_ours {
            return Err(VaultError::Corrupt);
        }
    }
    // SQLite's own index behind the text key of `meta` is the only thing besides.
    let row = rows.next()?.ok_or(VaultError::Corrupt)?;
    let index = text_is(row, 0, "index")?
        && text_is(row, 1, "sqlite_autoindex_meta_1")?
        && text_is(row, 2, "meta")?
        && row.get_ref(3)? == ValueRef::Null;
    if index && rows.next()?.is_none() { Ok(()) } else { Err(VaultError::Corrupt) }
}

fn text_is(row: &Row<'_>, column: usize, expected: &str) -> Result<bool, VaultError> {
    Ok(row.get_ref(column)? == ValueRef::Text(expected.as_bytes()))
}

fn connect(path: &Path) -> Result<Connection, VaultError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_ROW)?;
    // Exclusive before the first access: the lock is taken with it and kept, and no -shm file is ever made.
    connection.execute_batch(SETTINGS)?;
    Ok(connection)
}

#[cfg(not(target_vendor = "apple"))]
const SETTINGS: &str = "PRAGMA main.locking_mode = EXCLUSIVE;
    PRAGMA main.synchronous = FULL;
    PRAGMA main.secure_delete = ON;";

/// Apple's fsync leaves data in the drive's cache; its full one does not.
#[cfg(target_vendor = "apple")]
const SETTINGS: &str = "PRAGMA main.locking_mode = EXCLUSIVE;
    PRAGMA main.synchronous = FULL;
    PRAGMA main.secure_delete = ON;
    PRAGMA fullfsync = ON;";

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Looks without opening: closing a second handle on a file would drop SQLite's lock on it.
fn exists(path: &Path) -> Result<bool, VaultError> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(storage_error(&error)),
    }
}

/// The directory entry of the log, which a commit may depend on.
pub(super) struct LogName {
    path: PathBuf,
    durable: bool,
}

impl LogName {
    /// The log's entry of the vault at `path`, not synced yet.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), durable: false }
    }

    /// Makes the entry durable, once. SQLite does it too when it first syncs the log, but does not report a failure.
    pub(super) fn sync(&mut self) -> Result<(), VaultError> {
        if !self.durable {
            durable::sync_folder(&self.path).map_err(|error| storage_error(&error))?;
            self.durable = true;
        }
        Ok(())
    }
}

/// An error of the operating system, as the host gets to see it.
pub(super) fn storage_error(error: &std::io::Error) -> VaultError {
    VaultError::Storage(durable::describe(error))
}

fn is_short_read(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    code == Some(rusqlite::ffi::SQLITE_IOERR_SHORT_READ)
}

/// SQLite's answer in the vault's terms. Every statement here is fixed and every value bound, so a statement that does
/// not fit the file means that the file is corrupt.
impl From<rusqlite::Error> for VaultError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed,
            ) => Self::InUse,
            Some(ErrorCode::DiskFull) => Self::Storage("the disk is full"),
            // The disk is well: the file ends within a page that it should have.
            Some(ErrorCode::SystemIoFailure) if is_short_read(&error) => Self::Corrupt,
            Some(ErrorCode::SystemIoFailure) => {
                Self::Storage("the disk could not be read or written")
            }
            Some(ErrorCode::CannotOpen) => Self::Storage("the file cannot be opened"),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::Storage("the system does not permit writing it")
            }
            Some(ErrorCode::OutOfMemory) => Self::Storage("there is not enough memory"),
            _ => Self::Corrupt,
        }
    }
}
