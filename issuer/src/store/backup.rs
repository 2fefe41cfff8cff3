//! Backups, taken while the store is in use, and their restore, which makes all sessions and credentials void: nobody
//! knows what was used after the copy was taken.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;
use tegata::UnixTime;

use super::database::Database;
use super::error::StoreError;
use super::event_row::EventRow;
use super::global_state::AdminCommand;
use super::postgres::PostgresAddress;
use super::program::Program;
use super::sqlite::{connect, create_private_file, migrate, refused};
use super::{Store, WrappedKey};
use crate::domain::StoreUrl;

/// Pages that are copied at a time; others write in between.
const PAGES: i32 = 256;

impl Store {
    /// Copies the store into a new file, as of one moment. Sealed values stay sealed: the copy is useless without the
    /// server key. PostgreSQL's copy is made by `pg_dump`, which has to be on the path.
    ///
    /// # Errors
    /// `File` if the file exists, `Program`, and those of the database.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        new_file(to)?;
        let file = to.to_owned();
        let copied = match &*self.database.database {
            Database::Sqlite(sqlite) => sqlite.read(move |from| copy(from, &file)).await,
            Database::Postgres(postgres) => dump(&postgres.address, &file).await,
        };
        if copied.is_err() {
            // Half a copy is none, and would be in the way of the next one.
            for suffix in ["", "-journal", "-wal"] {
                let _ = std::fs::remove_file(beside(to, suffix));
            }
        }
        copied
    }
}

/// Restores a backup into an empty store. In the same transaction sessions, resets and payment credentials become void,
/// and values of the second factor up to three steps after `now` count as used. `event` is logged.
///
/// # Errors
/// `File` if a database exists, `Program` (`psql` has to be on the path for PostgreSQL's), and those of the
/// database.
pub async fn restore(
    place: &StoreUrl,
    from: &Path,
    now: UnixTime,
    event: EventRow,
) -> Result<Store, StoreError> {
    let fence = AdminCommand::FenceAfterRestore(now).statement();
    match place {
        StoreUrl::Sqlite(file) => {
            let file = file.clone();
            let from = from.to_owned();
            let restored = tokio::task::spawn_blocking(move || {
                restore_file(&file, &from, |connection| {
                    let values = rusqlite::params_from_iter(&fence.values);
                    connection.execute(fence.sql, values).map_err(refused)
                })
            });
            restored.await.map_err(|_| StoreError::Panicked)??;
        }
        StoreUrl::Postgres(url) => {
            let mut psql = Program::new("psql", &PostgresAddress::parse(url)?)?;
            let fence = fence.to_text();
            psql.command.args([
                "--no-psqlrc",
                "--quiet",
                "--output=/dev/null",
                "--set=ON_ERROR_STOP=1",
            ]);
            // A dump leaves no schema to look in. One transaction: a database that came back without its fence is never
            // seen.
            psql.command.args(["--single-transaction", "--file"]).arg(from).args([
                "--command",
                "RESET search_path",
                "--command",
                &fence,
            ]);
            psql.run().await?;
        }
    }
    let store = Store::open(place).await?;
    store.append_event(event).await?;
    Ok(store)
}

async fn dump(address: &PostgresAddress, to: &Path) -> Result<(), StoreError> {
    let mut dump = Program::new("pg_dump", address)?;
    dump.command.args(["--no-owner", "--no-privileges", "--file"]).arg(to);
    dump.run().await
}

/// Reads the wrapped keys that a backup for this store holds, without restoring it.
///
/// # Errors
/// `File` if it cannot be read, `Unreadable` if it is no backup.
pub async fn backup_keys(place: &StoreUrl, from: &Path) -> Result<Vec<WrappedKey>, StoreError> {
    let from = from.to_owned();
    let is_sqlite = matches!(place, StoreUrl::Sqlite(_));
    let read = move || if is_sqlite { keys_of_file(&from) } else { keys_of_dump(&from) };
    tokio::task::spawn_blocking(read).await.map_err(|_| StoreError::Panicked)?
}

fn unreadable(error: &std::io::Error) -> StoreError {
    StoreError::File { what: "the backup cannot be read", kind: error.kind() }
}

fn keys_of_file(from: &Path) -> Result<Vec<WrappedKey>, StoreError> {
    File::open(from).map_err(|error| unreadable(&error))?;
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(from, flags).map_err(refused)?;
    let sql = "SELECT number, wrapped FROM keys ORDER BY number";
    let mut statement = connection.prepare(sql).map_err(refused)?;
    let read =
        |row: &rusqlite::Row<'_>| Ok(WrappedKey { number: row.get(0)?, wrapped: row.get(1)? });
    let rows = statement.query_map([], read).map_err(refused)?;
    rows.map(|key| key.map_err(refused)).collect()
}

/// The rows of the table in a plain dump: after its `COPY`, a line each, up to `\.`.
fn keys_of_dump(from: &Path) -> Result<Vec<WrappedKey>, StoreError> {
    let dump = BufReader::new(File::open(from).map_err(|error| unreadable(&error))?);
    let mut keys = None;
    for line in dump.split(b'\n') {
        let line = line.map_err(|error| unreadable(&error))?;
        let line = String::from_utf8_lossy(&line);
        match &mut keys {
            None if line.starts_with("COPY ")
                && line.contains("keys (number, wrapped) FROM stdin") =>
            {
                keys = Some(Vec::new());
            }
            None => {}
            Some(_) if line.starts_with("\\.") => break,
            Some(keys) => {
                keys.push(key_of_line(&line).ok_or(StoreError::Unreadable("the backup"))?);
            }
        }
    }
    keys.ok_or(StoreError::Unreadable("the backup"))
}

fn key_of_line(line: &str) -> Option<WrappedKey> {
    let (number, wrapped) = line.trim_end_matches('\r').split_once('\t')?;
    let wrapped = hex::decode(wrapped.strip_prefix("\\\\x")?).ok()?;
    Some(WrappedKey { number: number.parse().ok()?, wrapped })
}

fn copy(from: &Connection, to: &Path) -> Result<(), StoreError> {
    let mut to = Connection::open(to).map_err(refused)?;
    let backup = Backup::new(from, &mut to).map_err(refused)?;
    backup.run_to_completion(PAGES, Duration::from_millis(1), None).map_err(refused)?;
    drop(backup);
    // One file: in the store's own mode, reading it would make two more beside it, and need the right to.
    to.execute_batch("PRAGMA journal_mode = delete").map_err(refused)
}

/// The copy gets its name once it is complete and fenced.
fn restore_file(
    file: &Path,
    from: &Path,
    fence: impl FnOnce(&Connection) -> Result<usize, StoreError>,
) -> Result<(), StoreError> {
    let not = |what| move |error: std::io::Error| StoreError::File { what, kind: error.kind() };
    for suffix in ["", "-wal", "-journal"] {
        if beside(file, suffix).exists() {
            let what = "a database already exists where the restored one would be";
            return Err(StoreError::File { what, kind: std::io::ErrorKind::AlreadyExists });
        }
    }
    // Opened only if it is there: SQLite would make it.
    std::fs::File::open(from).map_err(not("the backup cannot be read"))?;
    let half = beside(file, ".restoring");
    let _ = std::fs::remove_file(&half);
    create_private_file(&half)?;
    let put = copy_fenced(from, &half, fence).and_then(|()| {
        std::fs::rename(&half, file).map_err(not("the restored database cannot be put in place"))
    });
    if put.is_err() {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(beside(&half, suffix));
        }
    }
    put
}

fn copy_fenced(
    from: &Path,
    half: &Path,
    fence: impl FnOnce(&Connection) -> Result<usize, StoreError>,
) -> Result<(), StoreError> {
    let from = Connection::open_with_flags(from, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
    copy(&from.map_err(refused)?, half)?;
    let connection = connect(half).and_then(migrate)?;
    if fence(&connection)? != 1 {
        return Err(StoreError::Unreadable("standing"));
    }
    connection.close().map_err(|(_, error)| refused(error))
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Creates an empty file, readable by its owner alone, where there was none.
fn new_file(file: &Path) -> Result<(), StoreError> {
    if file.exists() {
        let what = "a file already exists where the backup would be";
        return Err(StoreError::File { what, kind: std::io::ErrorKind::AlreadyExists });
    }
    create_private_file(file)
}
