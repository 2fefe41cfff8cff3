//! What the sandbox keeps, in SQLite. A request is one transaction, together with the answer that is saved under its
//! idempotency key: it cannot be done and forgotten.

use std::path::Path;
use std::time::Duration;

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::call::{Answer, Asked};

/// The ledger's file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("sandbox ledger: {0}")]
pub struct LedgerError(#[from] pub(crate) rusqlite::Error);

/// What was paid with one intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// The intent.
    pub intent: String,
    /// What the intent was made for, as its maker calls it (`metadata[authorisation]`).
    pub what_for: String,
    /// Minor units that the card was charged.
    pub charged: u32,
    /// Minor units that were given back.
    pub refunded: u32,
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS customers (id TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS methods (id TEXT PRIMARY KEY, customer TEXT, card TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS intents (
        id TEXT PRIMARY KEY, customer TEXT NOT NULL, method TEXT, amount INTEGER NOT NULL, currency TEXT NOT NULL,
        what_for TEXT NOT NULL, status TEXT NOT NULL, code TEXT, decline TEXT, charged INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS refunds (id TEXT PRIMARY KEY, intent TEXT NOT NULL, amount INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS refunds_late (intent TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, asked BLOB NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL);
";

/// The ledger, open.
pub(crate) struct Ledger(Connection);

impl Ledger {
    /// The one in this file, made if there is none. Several processes may have it open.
    pub(crate) fn open(file: &Path) -> Result<Self, LedgerError> {
        let connection = Connection::open(file)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(connection))
    }

    /// Does what is asked, unless this key was used before: then the saved answer is given again, or, for another
    /// request, an error. `fails` saves a failure in the place of the answer: of a request that was done, or not.
    pub(crate) fn answer(
        &mut self,
        asked: &Asked,
        fails: Option<Fails>,
    ) -> Result<Answer, LedgerError> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let hash = digest(&SHA256, asked.all().as_bytes());
        if let Some(key) = &asked.key
            && let Some((of, saved)) = saved(&transaction, key)?
        {
            return Ok(if of == hash.as_ref() { saved } else { Answer::key_of_another() });
        }
        let mut answer = match fails {
            Some(Fails::Before) => Answer::failed(),
            _ => asked.call.carry_out(&asked.fields, &transaction)?,
        };
        if matches!(fails, Some(Fails::After)) {
            answer = Answer::failed();
        }
        if let Some(key) = &asked.key {
            transaction.execute(
                "INSERT INTO answers (key, asked, status, body) VALUES (?1, ?2, ?3, ?4)",
                params![key, hash.as_ref(), answer.status, answer.body.to_string()],
            )?;
        }
        transaction.commit()?;
        Ok(answer)
    }

    /// What was paid with each intent that was charged.
    pub(crate) fn paid(&self) -> Result<Vec<Paid>, LedgerError> {
        let mut statement = self.0.prepare(
            "SELECT id, what_for, charged, \
             (SELECT COALESCE(SUM(amount), 0) FROM refunds WHERE intent = intents.id \
             AND intent NOT IN (SELECT intent FROM refunds_late)) \
             FROM intents WHERE charged > 0 ORDER BY id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Paid {
                intent: row.get(0)?,
                what_for: row.get(1)?,
                charged: row.get(2)?,
                refunded: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// When a request fails that is made to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fails {
    Before,
    After,
}

fn saved(
    transaction: &Transaction<'_>,
    key: &str,
) -> Result<Option<(Vec<u8>, Answer)>, rusqlite::Error> {
    let find = "SELECT asked, status, body FROM answers WHERE key = ?1";
    let row = transaction.query_row(find, [key], |row| {
        let body: String = row.get(2)?;
        let body = serde_json::from_str(&body).unwrap_or_default();
        Ok((row.get(0)?, Answer { status: row.get(1)?, body }))
    });
    row.optional()
}

/// A new id that begins so.
pub(crate) fn new_id(prefix: &str) -> String {
    let mut bytes = [0; 12];
    // Without randomness two ids are the same, and the second is refused by the table's key.
    let _ = SystemRandom::new().fill(&mut bytes);
    format!("{prefix}_{}", hex::encode(bytes))
}

impl Asked {
    /// All of it that another request would have otherwise, as text.
    fn all(&self) -> String {
        let fields: Vec<_> =
            self.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{:?}\n{}", self.call, fields.join("\n"))
    }
}
