//! The check that what a power cut left is a vault that the rules allow.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use tegata::Device as Host;
use tegata::vault::{Setting, Vault, VaultError};
use tempfile::TempDir;

use crate::disk::{self, Folder};
use crate::recorder::NoSync;
use crate::workload::{VAULT, host, other_keystore};

/// Every row of every table, sealed as it is; `None` if there is no vault. Two that are equal hold the same state of
/// the same vault.
pub type Content = Option<Vec<Vec<Value>>>;

const LOG: &str = "vault-wal";

/// What a state turned out to be.
#[derive(Debug)]
pub enum CheckResult {
    /// A vault that opens, holds this, and goes on.
    Valid,
    /// No vault, and one can be made.
    NoVault,
    /// Against the rules: what is wrong, in words.
    Invalid(String),
}

/// Whether the file may be an older copy than the anchor holds.
#[derive(Clone, Copy, Debug)]
pub enum Rollback {
    /// No: a power cut alone never makes one.
    Forbidden,
    /// Yes: someone put one back, and it is opened all the same.
    Allowed,
}

/// Checks states, in a folder of its own, with the real core.
#[derive(Debug)]
pub struct StateChecker {
    folder: TempDir,
    _no_sync: NoSync,
}

impl StateChecker {
    /// A checker for this thread, whose syncs do nothing while it lives.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new() -> std::io::Result<Self> {
        // In memory where there is such a place: thousands of states are no work for a disk.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        Ok(Self { folder, _no_sync: NoSync::begin() })
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
    pub fn check(&self, found: &Folder, allowed: &[&Content], rollback: Rollback) -> CheckResult {
        self.check_vault(found, allowed, rollback).unwrap_or_else(CheckResult::Invalid)
    }

    fn check_vault(
        &self,
        found: &Folder,
        allowed: &[&Content],
        rollback: Rollback,
    ) -> Result<CheckResult, String> {
        disk::write(self.folder.path(), found).map_err(text)?;
        self.check_wrong_device(found)?;
        let vault = match self.open() {
            Err(VaultError::NotFound) => return self.check_absent(allowed),
            Err(VaultError::RolledBack) if matches!(rollback, Rollback::Allowed) => {
                let held = content(&self.path()).map_err(text)?;
                if !allowed.contains(&&held) {
                    return Err("an older copy that holds what it should not".into());
                }
                let vault = Vault::open_rolled_back(&self.path(), &self.host()).map_err(text)?;
                return vault.close().map_err(text).map(|()| CheckResult::Valid);
            }
            opened => opened.map_err(text)?,
        };
        // Only decrypting a record shows its kind, so this decrypts all of them.
        vault.list::<Setting>().map_err(text)?;
        let records = vault.len();
        vault.close().map_err(text)?;
        let held = content(&self.path()).map_err(text)?;
        if !allowed.contains(&&held) {
            return Err("holds what it should not: rollback, newer or mixed".into());
        }
        let mark = Setting { name: "after the crash".into(), value: "written".into() };
        let mut vault = self.open().map_err(text)?;
        let id = vault.add(&mark).map_err(text)?;
        vault.close().map_err(text)?;
        let vault = self.open().map_err(text)?;
        if vault.len() != records + 1 || vault.get(&id) != Ok(Some(mark)) {
            return Err("what was written after the crash is not there".into());
        }
        Ok(CheckResult::Valid)
    }

    /// An opening that fails leaves every file as it was, the log included. One without content is SQLite's to make and
    /// to remove (docs/adr/0005-failed-open-changes-nothing.md).
    fn check_wrong_device(&self, found: &Folder) -> Result<(), String> {
        let host = Host { keystore: other_keystore(), ..self.host() };
        match Vault::open(&self.path(), &host) {
            Err(VaultError::WrongDevice | VaultError::NotFound) => {}
            Err(error) => return Err(format!("opening with another keystore: {error}")),
            Ok(_) => return Err("opened with another keystore".into()),
        }
        let mut left = disk::read(self.folder.path()).map_err(text)?;
        if !left.contains_key(LOG) && found.get(LOG).is_some_and(Vec::is_empty) {
            left.insert(LOG.into(), Vec::new());
        }
        if left == *found { Ok(()) } else { Err("files changed by an opening that failed".into()) }
    }

    /// There is no vault, which must be allowed; whatever lies about, one can be made.
    fn check_absent(&self, allowed: &[&Content]) -> Result<CheckResult, String> {
        if !allowed.contains(&&None) {
            return Err("the vault is gone".into());
        }
        let create = || Vault::create(&self.path(), &self.host());
        let created = match create() {
            // A log without its vault: the host's explicit removal clears it away.
            Err(VaultError::AlreadyExists) => {
                Vault::destroy(&self.path()).map_err(text)?;
                create()
            }
            created => created,
        };
        let empty = created.map_err(text)?.is_empty();
        if empty { Ok(CheckResult::NoVault) } else { Err("a new vault is not empty".into()) }
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
