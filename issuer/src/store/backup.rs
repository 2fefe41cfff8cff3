//! Backups, taken while the store is in use, and their restore, which makes all sessions and credentials void: nobody
//! knows what was used after the copy was taken.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;
use tegata::UnixTime;
use tokio_postgres::config::{Host, SslMode};

use super::database::Database;
use super::error::StoreError;
use super::event_row::EventRow;
use super::global_state::AdminCommand;
use super::sqlite::{connect, create_private_file, migrate, refused};
use super::{Store, postgres};
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
        match &*self.database.database {
            Database::Sqlite(sqlite) => sqlite.read(move |from| copy(from, &file)).await,
            Database::Postgres(postgres) => {
                let mut dump = program("pg_dump", &postgres.config);
                dump.args(["--no-owner", "--no-privileges", "--file"]).arg(file);
                run("pg_dump", dump).await
            }
        }
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
            let mut psql = program("psql", &postgres::config(url)?);
            let fence = fence.to_text();
            psql.args(["--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1"]);
            // A dump leaves no schema to look in. One transaction: a database that came back without its fence is never
            // seen.
            psql.args(["--single-transaction", "--file"]).arg(from).args([
                "--command",
                "RESET search_path",
                "--command",
                &fence,
            ]);
            run("psql", psql).await?;
        }
    }
    let store = Store::open(place).await?;
    store.append_event(event).await?;
    Ok(store)
}

fn copy(from: &Connection, to: &Path) -> Result<(), StoreError> {
    let mut to = Connection::open(to).map_err(refused)?;
    let backup = Backup::new(from, &mut to).map_err(refused)?;
    backup.run_to_completion(PAGES, Duration::from_millis(1), None).map_err(refused)
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
    let from = Connection::open_with_flags(from, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
    copy(&from.map_err(refused)?, &half)?;
    let connection = connect(&half).and_then(migrate)?;
    if fence(&connection)? != 1 {
        return Err(StoreError::Unreadable("standing"));
    }
    let closed = connection.close();
    closed.map_err(|(_, error)| refused(error))?;
    std::fs::rename(&half, file).map_err(not("the restored database cannot be put in place"))
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

/// Makes a command of PostgreSQL's, with its connection in the environment: everyone can see arguments.
fn program(name: &str, config: &tokio_postgres::Config) -> Command {
    let mut command = Command::new(name);
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(folder) => folder.display().to_string(),
    });
    let hosts: Vec<_> = hosts.collect();
    let ports: Vec<_> = config.get_ports().iter().map(ToString::to_string).collect();
    let mut set = |name: &str, value: String| {
        if !value.is_empty() {
            command.env(name, value);
        }
    };
    set("PGHOST", hosts.join(","));
    set("PGPORT", ports.join(","));
    set("PGUSER", config.get_user().unwrap_or_default().to_owned());
    set("PGDATABASE", config.get_dbname().unwrap_or_default().to_owned());
    if let Some(password) = config.get_password() {
        set("PGPASSWORD", String::from_utf8_lossy(password).into_owned());
    }
    // As strict as the service is: a certificate that it would refuse is refused.
    set(
        "PGSSLMODE",
        match config.get_ssl_mode() {
            SslMode::Disable => "disable".to_owned(),
            SslMode::Require => "verify-full".to_owned(),
            _ => "prefer".to_owned(),
        },
    );
    set(
        "PGSSLROOTCERT",
        match config.get_ssl_mode() {
            SslMode::Require => "system".to_owned(),
            _ => String::new(),
        },
    );
    command
}

async fn run(program: &'static str, mut command: Command) -> Result<(), StoreError> {
    let joined = tokio::task::spawn_blocking(move || command.stdin(Stdio::null()).output()).await;
    let output = joined.map_err(|_| StoreError::Panicked)?.map_err(|error| StoreError::File {
        what: "a PostgreSQL program cannot be run",
        kind: error.kind(),
    })?;
    if output.status.success() {
        return Ok(());
    }
    // The first line says what is wrong; a line of data, if it quotes one, comes after.
    let errors = String::from_utf8_lossy(&output.stderr);
    let message = errors.lines().next().unwrap_or_default().to_owned();
    Err(StoreError::Program { program, message })
}
