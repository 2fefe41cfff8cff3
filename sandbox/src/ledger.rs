//! The sandbox's records, in SQLite. A request is one transaction together with the response saved under its idempotency
//! key, so neither is stored without the other.

use std::path::Path;
use std::time::Duration;

use ring::digest::{SHA256, digest};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::call::ProcessorRequest;
use crate::response::ProcessorResponse;
use crate::setup::{self, CardForm, CardFormResult};

/// The ledger's file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("sandbox ledger: {0}")]
pub struct LedgerError(#[from] pub(crate) rusqlite::Error);

/// A payment intent that was charged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargedIntent {
    /// The id of the payment intent.
    pub intent: String,
    /// The purpose that its creator gave it (`metadata[authorisation]`).
    pub what_for: String,
    /// The amount charged to the card, in minor units.
    pub charged: u32,
    /// The amount refunded, in minor units.
    pub refunded: u32,
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS customers (id TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS methods (id TEXT PRIMARY KEY, customer TEXT, card TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS intents (
        id TEXT PRIMARY KEY, customer TEXT NOT NULL, method TEXT, amount INTEGER NOT NULL, currency TEXT NOT NULL,
        what_for TEXT NOT NULL, status TEXT NOT NULL, code TEXT, decline TEXT, charged INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS intents_made (
        number INTEGER PRIMARY KEY, intent TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, metadata TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS refunds (id TEXT PRIMARY KEY, intent TEXT NOT NULL, amount INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS refunds_late (intent TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS setups (
        id TEXT PRIMARY KEY, secret TEXT NOT NULL UNIQUE, customer TEXT NOT NULL, usage TEXT NOT NULL, what_for TEXT NOT NULL,
        status TEXT NOT NULL, card TEXT, method TEXT, code TEXT);
    CREATE TABLE IF NOT EXISTS setup_attempts (
        setup TEXT NOT NULL, number INTEGER NOT NULL, status TEXT NOT NULL, PRIMARY KEY (setup, number));
    CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, asked BLOB NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL);
";

/// The open database of the sandbox.
pub(crate) struct Ledger(Connection);

impl Ledger {
    /// Opens or creates the file. Several processes may have it open.
    pub(crate) fn open(file: &Path) -> Result<Self, LedgerError> {
        create_private_file(file);
        let connection = Connection::open(file)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(connection))
    }

    /// Executes a request, unless its key was used before: then it returns the saved response, or an error for another
    /// request. `failure` saves an error in place of the response, before or after the request is executed.
    pub(crate) fn execute(
        &mut self,
        request: &ProcessorRequest,
        failure: Option<FailurePoint>,
    ) -> Result<ProcessorResponse, LedgerError> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let hash = digest(&SHA256, request.fingerprint().as_bytes());
        if let Some(key) = &request.key
            && let Some((of, response)) = find_response(&transaction, key)?
        {
            return Ok(if of == hash.as_ref() {
                response
            } else {
                ProcessorResponse::reused_key()
            });
        }
        let mut response = match failure {
            Some(FailurePoint::Before) => ProcessorResponse::failed(),
            _ => request.call.apply(&request.fields, &transaction)?,
        };
        if matches!(failure, Some(FailurePoint::After)) {
            response = ProcessorResponse::failed();
        }
        if let Some(key) = &request.key {
            transaction.execute(
                "INSERT INTO answers (key, asked, status, body) VALUES (?1, ?2, ?3, ?4)",
                params![key, hash.as_ref(), response.status, response.body.to_string()],
            )?;
        }
        transaction.commit()?;
        Ok(response)
    }

    /// Has a holder fill in the card form.
    pub(crate) fn fill_in(&mut self, form: &CardForm) -> Result<CardFormResult, LedgerError> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = setup::fill_in(form, &transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// All charged intents, by id.
    pub(crate) fn paid(&self) -> Result<Vec<ChargedIntent>, LedgerError> {
        let mut statement = self.0.prepare(
            "SELECT id, what_for, charged, \
             (SELECT COALESCE(SUM(amount), 0) FROM refunds WHERE intent = intents.id \
             AND intent NOT IN (SELECT intent FROM refunds_late)) \
             FROM intents WHERE charged > 0 ORDER BY id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(ChargedIntent {
                intent: row.get(0)?,
                what_for: row.get(1)?,
                charged: row.get(2)?,
                refunded: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Makes the file for its owner alone if there is none; the database's other files get its mode. What goes wrong SQLite
/// says better.
fn create_private_file(file: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(file);
}

/// When a request that has to fail does so.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FailurePoint {
    Before,
    After,
}

fn find_response(
    transaction: &Transaction<'_>,
    key: &str,
) -> Result<Option<(Vec<u8>, ProcessorResponse)>, rusqlite::Error> {
    let find = "SELECT asked, status, body FROM answers WHERE key = ?1";
    let row = transaction.query_row(find, [key], |row| {
        let text: String = row.get(2)?;
        let body = serde_json::from_str(&text).unwrap_or_default();
        Ok((row.get(0)?, ProcessorResponse { status: row.get(1)?, body }))
    });
    row.optional()
}

impl ProcessorRequest {
    /// The content that distinguishes the request from others, as text. Stored as a hash.
    fn fingerprint(&self) -> String {
        let fields: Vec<_> =
            self.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{:?}\n{}", self.call, fields.join("\n"))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_ledgers_files_are_their_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let _ledger = Ledger::open(&folder.path().join("ledger")).unwrap();
        let files = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
        let modes: Vec<_> =
            files.map(|file| file.metadata().unwrap().permissions().mode() & 0o777).collect();
        assert!(!modes.is_empty() && modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
    }
}
