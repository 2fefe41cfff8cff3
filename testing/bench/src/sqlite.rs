//! A peer that keeps records in SQLite as they are, with the settings of our vault. In a build with the feature
//! `sqlcipher` the same code is the other peer: `SQLCipher` under a raw key, so that opening derives nothing.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::SECRET;

/// How much of a record is its body: what a credential of ours comes to, sealed.
pub const BODY: usize = 165;

/// Who else may read while the file is open.
#[derive(Clone, Copy, Debug)]
pub enum Locking {
    /// Nobody, as in our vault: no read asks for a lock.
    Exclusive,
    /// Other processes, as SQLite does by default.
    Normal,
}

/// An open database of the peer.
pub struct Store(Connection);

impl Store {
    /// Opens the file, or makes one of so many records, locked as our vault is.
    #[must_use]
    pub fn open(file: &Path, records: u32) -> Self {
        Self::open_with(file, records, Locking::Exclusive)
    }

    /// The same with another locking.
    #[must_use]
    pub fn open_with(file: &Path, records: u32, locking: Locking) -> Self {
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
            (0..records).for_each(|record| store.put(record));
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
        let sql = "INSERT INTO record VALUES (?1, 1, ?2)
                   ON CONFLICT (id) DO UPDATE SET rev = rev + 1, body = excluded.body";
        let mut put = self.0.prepare_cached(sql).unwrap();
        put.execute(params![id(record), body]).unwrap();
    }

    /// Reads a record's body.
    #[must_use]
    pub fn get(&self, record: u32) -> Option<Vec<u8>> {
        let mut get = self.0.prepare_cached("SELECT body FROM record WHERE id = ?1").unwrap();
        get.query_row([id(record)], |row| row.get(0)).optional().unwrap()
    }

    /// Reads all records, in no order.
    #[must_use]
    pub fn list(&self) -> Vec<([u8; 16], Vec<u8>)> {
        let mut all = self.0.prepare_cached("SELECT id, body FROM record ORDER BY id").unwrap();
        let records = all.query_map([], |row| row.try_into()).unwrap();
        records.collect::<Result<_, _>>().unwrap()
    }

    /// Deletes a record and empties the log, as our vault does.
    pub fn delete(&self, record: u32) {
        let mut delete = self.0.prepare_cached("DELETE FROM record WHERE id = ?1").unwrap();
        delete.execute([id(record)]).unwrap();
        self.0.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    }
}

/// Sixteen bytes that land anywhere in the table, as the random ids of our records do: the mixing of `SplitMix64`.
fn id(record: u32) -> [u8; 16] {
    let mut word = u64::from(record + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^= word >> 31;
    (u128::from(word) << 64 | u128::from(record)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_records_remain_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store");
        drop(Store::open(&file, 100));
        let store = Store::open(&file, 100);
        let body = store.get(42).unwrap();
        assert_eq!(body[..SECRET.len()], SECRET);
        assert_eq!(body.len(), BODY);
        assert!(store.get(100).is_none());
        assert_eq!(store.list().len(), 100);
    }

    #[test]
    fn deleted_records_are_gone_and_the_rest_remains() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store"), 2);
        store.delete(1);
        assert!(store.get(1).is_none());
        assert_eq!(store.list(), [(id(0), store.get(0).unwrap())]);
    }

    #[test]
    fn the_secret_is_in_the_file_unless_it_is_sqlcipher() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store");
        drop(Store::open(&file, 100));
        let bytes = std::fs::read(file).unwrap();
        let in_plain = bytes.windows(SECRET.len()).any(|window| window == SECRET);
        assert_eq!(in_plain, Store::name() == "sqlite");
        assert_eq!(Store::name() == "sqlcipher", cfg!(feature = "sqlcipher"));
    }
}
