//! Whether what a power cut left is a vault that the rules allow.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use tegata::Device as Host;
use tegata::vault::{Setting, Vault, VaultError};
use tempfile::TempDir;

use crate::disk::{self, Folder};
use crate::recorder::Calm;
use crate::workload::{VAULT, host, strangers_keystore};

/// Every row of every table, sealed as it is: two that are equal hold the same state of the same vault. `None` if there
/// is no vault.
pub type Content = Option<Vec<Vec<Value>>>;

const LOG: &str = "vault-wal";

/// What was found.
#[derive(Debug)]
pub enum Verdict {
    /// A vault that opens, holds this, and goes on.
    Good,
    /// No vault, and one can be made.
    Nothing,
    /// Against the rules, in words.
    Broken(String),
}

/// Whether the file may be an older copy than the anchor says.
#[derive(Clone, Copy, Debug)]
pub enum Older {
    /// No: a power cut alone never makes one.
    Forbidden,
    /// Yes: someone put one back, and it is adopted.
    Allowed,
}

/// Looks at states, in a folder of its own.
#[derive(Debug)]
pub struct Judge {
    folder: TempDir,
    _calm: Calm,
}

impl Judge {
    /// A judge for this thread.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new() -> std::io::Result<Self> {
        // In memory where there is such a place: thousands of states are no work for a disk.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        Ok(Self { folder, _calm: Calm::begin() })
    }

    /// What a file that was left holds, as SQLite alone reads it.
    ///
    /// # Errors
    /// Those of the file system and of SQLite.
    pub fn content(&self, found: &Folder) -> Result<Content, String> {
        disk::write(self.folder.path(), found).map_err(text)?;
        content(&self.path()).map_err(text)
    }

    /// Opens what was found with the real core, compares it with what is allowed, and goes on with it.
    #[must_use]
    pub fn judge(&self, found: &Folder, allowed: &[&Content], older: Older) -> Verdict {
        self.look(found, allowed, older).unwrap_or_else(Verdict::Broken)
    }

    fn look(&self, found: &Folder, allowed: &[&Content], older: Older) -> Result<Verdict, String> {
        disk::write(self.folder.path(), found).map_err(text)?;
        self.refuse_a_stranger(found)?;
        let vault = match self.open() {
            Err(VaultError::NotFound) => return self.begin_anew(allowed),
            Err(VaultError::RolledBack) if matches!(older, Older::Allowed) => {
                let held = content(&self.path()).map_err(text)?;
                if !allowed.contains(&&held) {
                    return Err("an older copy that holds what it should not".into());
                }
                let adopted = Vault::open_rolled_back(&self.path(), &self.host()).map_err(text)?;
                return adopted.close().map_err(text).map(|()| Verdict::Good);
            }
            opened => opened.map_err(text)?,
        };
        // Only decrypting a record tells what it holds, so this decrypts all of them.
        vault.list::<Setting>().map_err(text)?;
        let records = vault.len();
        vault.close().map_err(text)?;
        let held = content(&self.path()).map_err(text)?;
        if !allowed.contains(&&held) {
            return Err("holds what it should not: older, newer or mixed".into());
        }
        let mark = Setting { name: "after the storm".into(), value: "written".into() };
        let mut vault = self.open().map_err(text)?;
        let id = vault.add(&mark).map_err(text)?;
        vault.close().map_err(text)?;
        let vault = self.open().map_err(text)?;
        if vault.len() != records + 1 || vault.get(&id) != Ok(Some(mark)) {
            return Err("what was written after the storm is not there".into());
        }
        Ok(Verdict::Good)
    }

    /// An opening that fails leaves every file as it was, the log included. One without content is SQLite's to make and
    /// to remove (docs/adr/0005-failed-open-changes-nothing.md).
    fn refuse_a_stranger(&self, found: &Folder) -> Result<(), String> {
        let host = Host { keystore: strangers_keystore(), ..self.host() };
        match Vault::open(&self.path(), &host) {
            Err(VaultError::WrongDevice | VaultError::NotFound) => {}
            Err(error) => return Err(format!("a stranger's opening: {error}")),
            Ok(_) => return Err("opened by a stranger".into()),
        }
        let mut left = disk::read(self.folder.path()).map_err(text)?;
        if !left.contains_key(LOG) && found.get(LOG).is_some_and(Vec::is_empty) {
            left.insert(LOG.into(), Vec::new());
        }
        if left == *found { Ok(()) } else { Err("files changed by an opening that failed".into()) }
    }

    /// There is no vault, which must be allowed; whatever lies about, one can be made.
    fn begin_anew(&self, allowed: &[&Content]) -> Result<Verdict, String> {
        if !allowed.contains(&&None) {
            return Err("the vault is gone".into());
        }
        let create = || Vault::create(&self.path(), &self.host());
        let made = match create() {
            // A log without its vault: the host's explicit removal clears it away.
            Err(VaultError::AlreadyExists) => {
                Vault::destroy(&self.path()).map_err(text)?;
                create()
            }
            made => made,
        };
        let empty = made.map_err(text)?.is_empty();
        if empty { Ok(Verdict::Nothing) } else { Err("a new vault is not empty".into()) }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(VAULT)
    }

    fn host(&self) -> Host {
        host(self.folder.path())
    }

    fn open(&self) -> Result<Vault, VaultError> {
        Vault::open(&self.path(), &self.host())
    }
}

/// Reads every row of the file at `path`.
fn content(path: &Path) -> rusqlite::Result<Content> {
    if !path.exists() {
        return Ok(None);
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let mut rows = Vec::new();
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for table in tables {
        let mut all = connection.prepare(&format!("SELECT * FROM \"{table}\" ORDER BY 1"))?;
        let columns = all.column_count();
        let found = all.query_map([], |row| (0..columns).map(|at| row.get(at)).collect())?;
        for row in found {
            rows.push(row?);
        }
    }
    Ok(Some(rows))
}

fn text(error: impl fmt::Display) -> String {
    error.to_string()
}
