//! The processes that run on a store: the key that each seals with, and its heartbeats.

use tegata::UnixTime;

use super::Store;
use super::error::StoreError;
use super::sql::{Row, Statement, values};

/// Seconds after which a process that gave no sign of life is forgotten. It announces itself again if it goes on.
const FORGOTTEN_AFTER: i64 = 24 * 60 * 60;

/// A process that announced itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncedProcess {
    /// The id that it made at its start.
    pub process: [u8; 16],
    /// The number of the key that it seals with.
    pub key: u8,
    /// How many signs of life it has given.
    pub beats: u64,
}

impl Store {
    /// Announces a process and the key that it seals with, or gives another sign of its life.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn announce_process(
        &self,
        process: [u8; 16],
        key: u8,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        const ANNOUNCE: &str = "INSERT INTO processes (process, key, beats, seen) \
            VALUES ($1, $2, 1, $3) ON CONFLICT (process) DO UPDATE \
            SET key = excluded.key, beats = processes.beats + 1, seen = excluded.seen";
        const FORGET: &str = "DELETE FROM processes WHERE seen < $1";
        let long_ago = now.shifted(-FORGOTTEN_AFTER);
        self.database
            .write(move |transaction| {
                let statements = vec![
                    Statement::new(ANNOUNCE, values![process, key, now.seconds()]),
                    Statement::new(FORGET, values![long_ago.seconds()]),
                ];
                Box::pin(async move { transaction.write(statements).await })
            })
            .await
    }

    /// Reads the processes that seal with a key before this one.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn processes_sealing_before(
        &self,
        key: u8,
    ) -> Result<Vec<AnnouncedProcess>, StoreError> {
        const BEFORE: &str =
            "SELECT process, key, beats FROM processes WHERE key < $1 ORDER BY process";
        let read = |row: Row| {
            let mut row = row.of_table("processes");
            Ok(AnnouncedProcess { process: row.array()?, key: row.int()?, beats: row.int()? })
        };
        self.database.rows(BEFORE, values![key]).await?.into_iter().map(read).collect()
    }

    /// Forgets a process that has given no sign of life since it was read.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn forget_process(&self, dead: &AnnouncedProcess) -> Result<(), StoreError> {
        const FORGET: &str = "DELETE FROM processes WHERE process = $1 AND beats = $2";
        self.write_one(FORGET, values![dead.process, dead.beats]).await
    }
}
