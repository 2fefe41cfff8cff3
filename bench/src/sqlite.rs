//! A peer that keeps records in SQLite as they are, with the settings of our vault. In a build with the feature
//! `sqlcipher` the same code is the other peer: `SQLCipher` under a raw key, so that opening derives nothing.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{CREDENTIALS, SECRET};

/// How much of a record is its body: what a credential of ours comes to, sealed.
pub const BODY: usize = 165;

/// Who else may read while the file is open.
#[derive(Clone, Copy, Debug)]
pub enum Locking {
    /// Nobody, as in our vault: no read asks for a lock.
    Exclusive,
    /// Other processes, as SQLite does if not told otherwise.
    Normal,
}

/// An open database.
pub struct Store(Connection);

impl Store {
    /// Opens the file, or makes one of [`CREDENTIALS`] records, locked as our vault is.
    #[must_use]
    pub fn open(file: &Path) -> Self {
        Self::open_with(file, Locking::Exclusive)
    }

    /// The same with another locking.
    #[must_use]
    pub fn open_with(file: &Path, locking: Locking) -> Self {
        let connection = Connection::open(file).unwrap();
        // Plain SQLite ignores a pragma that it does not know.
        connection.execute_batch(&format!("PRAGMA key = \"x'{}'\"", "5a".repeat(32))).unwrap();
        let locking = match locking {
            Locking::Exclusive => "EXCLUSIVE",
            Locking::Normal => "NORMAL",
        };
        connection
            .execute_batch(&format!(
                "PRAGMA locking_mode={locking};
                 PRAGMA journal_mode=WAL;
                 PRAGMA synchronous=FULL;
                 PRAGMA secure_delete=ON;
                 PRAGMA trusted_schema=OFF;
                 CREATE TABLE IF NOT EXISTS record (
                   id BLOB PRIMARY KEY, rev INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;"
            ))
            .unwrap();
        let store = Self(connection);
        if store.get(0).is_none() {
            let all = store.0.unchecked_transaction().unwrap();
            (0..CREDENTIALS).for_each(|record| store.put(record));
            all.commit().unwrap();
        }
        store
    }

    /// What this build's SQLite is called in the results.
    #[must_use]
    pub fn name() -> &'static str {
        let connection = Connection::open_in_memory().unwrap();
        let version =
            connection.query_row("PRAGMA cipher_version", [], |row| row.get::<_, String>(0));
        if version.optional().unwrap().is_some() { "sqlcipher" } else { "sqlite" }
    }

    /// Writes a record. Outside of a transaction it is one, as durable as was asked for at opening.
    pub fn put(&self, record: u32) {
        let mut body = [0; BODY];
        body[..SECRET.len()].copy_from_slice(&SECRET);
        let put = "INSERT INTO record VALUES (?1, 1, ?2)
                   ON CONFLICT (id) DO UPDATE SET rev = rev + 1, body = excluded.body";
        let mut put = self.0.prepare_cached(put).unwrap();
        put.execute(params![id(record), body]).unwrap();
    }

    /// Reads a record's body.
    #[must_use]
    pub fn get(&self, record: u32) -> Option<Vec<u8>> {
        let mut get = self.0.prepare_cached("SELECT body FROM record WHERE id = ?1").unwrap();
        get.query_row([id(record)], |row| row.get(0)).optional().unwrap()
    }
}

/// Sixteen bytes that look random, as the ids of our records do.
fn id(record: u32) -> [u8; 16] {
    u128::from(record + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_there_after_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store");
        drop(Store::open(&file));
        let store = Store::open(&file);
        let body = store.get(42).unwrap();
        assert_eq!(body[..SECRET.len()], SECRET);
        assert_eq!(body.len(), BODY);
        assert!(store.get(CREDENTIALS).is_none());
    }

    #[test]
    fn the_secret_is_in_the_file_unless_it_is_sqlcipher() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store");
        drop(Store::open(&file));
        let bytes = std::fs::read(file).unwrap();
        let in_plain = bytes.windows(SECRET.len()).any(|window| window == SECRET);
        assert_eq!(in_plain, Store::name() == "sqlite");
        assert_eq!(Store::name() == "sqlcipher", cfg!(feature = "sqlcipher"));
    }
}
