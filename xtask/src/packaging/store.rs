//! The store of an issuer with the example's settings: a file, or a database in PostgreSQL.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context as _;

use super::postgres::Postgres;
use super::running::Running;

/// Where the example names its store, and where it names the other one.
const SQLITE: &str = "store = \"sqlite:/var/lib/tegata/issuer.sqlite\"\n";
const POSTGRES: &str =
    "# store = \"postgres://tegata:PASSWORD@db.example.org/tegata?sslmode=require\"\n";
const CHECKPOINTS: &str = "# checkpoints = ";

/// The store of an issuer.
pub(super) enum Store {
    /// This file, which the example's settings name.
    Sqlite(PathBuf),
    Postgres(Postgres),
}

impl Store {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// What has to be different in the example's settings, so that they name this store.
    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Sqlite(_) => Vec::new(),
            Self::Postgres(server) => vec![
                (SQLITE, String::new()),
                (POSTGRES, format!("store = \"{}\"\n", server.address_of_service())),
                (CHECKPOINTS, "checkpoints = ".to_owned()),
            ],
        }
    }

    /// Does this while the store cannot be written.
    pub(super) fn while_away(
        &self,
        work: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(file) => {
                let mut lock = Command::new("sqlite3").arg(file).stdin(Stdio::piped()).spawn()?;
                writeln!(lock.stdin.as_mut().context("no input")?, "BEGIN IMMEDIATE;")?;
                let _lock = Running(lock);
                work()
            }
            Self::Postgres(server) => {
                server.stop()?;
                let worked = work();
                server.start()?;
                worked
            }
        }
    }
}
