//! The replay guard on a SQLite file.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior, params};

use super::counter::Counter;
use super::guard::{Admission, AttemptLimits, CredentialId, ReplayGuard};
use super::till::TillId;
use crate::UnixTime;

const SECONDS_A_DAY: u64 = 86_400;

/// A [`ReplayGuard`] on SQLite. Shared between threads; several processes may hold the same file.
#[derive(Debug)]
pub struct SqliteGuard {
    connection: Mutex<Connection>,
    limits: AttemptLimits,
}

/// The guard's file could not be read or written; nothing was accepted.
#[derive(Debug, thiserror::Error)]
#[error("the record of used codes cannot be read or written")]
pub struct SqliteGuardError(#[from] rusqlite::Error);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS accepted (
        credential BLOB PRIMARY KEY,
        counter INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS attempt (
        who BLOB PRIMARY KEY,
        day INTEGER NOT NULL,
        tries INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;";

// One statement is the compare and the set: SQLite runs it under the write lock.
const ADVANCE: &str = "
    INSERT INTO accepted (credential, counter) VALUES (?1, ?2)
    ON CONFLICT (credential) DO UPDATE SET counter = excluded.counter
    WHERE counter < excluded.counter";

// A day that lies before the stored one (the issuer's clock was set back) goes on with the stored day's count.
const COUNT: &str = "
    INSERT INTO attempt (who, day, tries) VALUES (?1, ?2, 1)
    ON CONFLICT (who) DO UPDATE SET
        tries = CASE WHEN day >= excluded.day THEN tries + 1 ELSE 1 END,
        day = max(day, excluded.day)
    RETURNING tries";

const TAKE_BACK: &str =
    "UPDATE attempt SET tries = tries - 1 WHERE who = ?1 AND day >= ?2 AND tries > 0";

impl SqliteGuard {
    /// Opens or makes the file.
    ///
    /// # Errors
    /// [`SqliteGuardError`].
    pub fn open(path: &Path, limits: AttemptLimits) -> Result<Self, SqliteGuardError> {
        Self::on(Connection::open(path)?, limits)
    }

    /// A guard that forgets when it is dropped, for tools that check one code.
    ///
    /// # Errors
    /// [`SqliteGuardError`].
    pub fn in_memory(limits: AttemptLimits) -> Result<Self, SqliteGuardError> {
        Self::on(Connection::open_in_memory()?, limits)
    }

    fn on(connection: Connection, limits: AttemptLimits) -> Result<Self, SqliteGuardError> {
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "fullfsync", cfg!(target_vendor = "apple"))?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection: Mutex::new(connection), limits })
    }

    /// A thread that panicked left the connection between transactions at worst: SQLite has rolled back.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rows an attempt is counted in: the till's own, then for each candidate (till, candidate) and candidate.
fn till_row(till: &TillId) -> Vec<u8> {
    [b"t", till.as_str().as_bytes()].concat()
}

fn candidate_rows(till: &TillId, candidate: CredentialId) -> [Vec<u8>; 2] {
    [
        [b"b".as_slice(), &candidate.0, till.as_str().as_bytes()].concat(),
        [b"c".as_slice(), &candidate.0].concat(),
    ]
}

/// Days since the epoch; the end of time is far below what SQLite's integers hold.
fn day(now: UnixTime) -> i64 {
    (now.seconds() / SECONDS_A_DAY).cast_signed()
}

impl ReplayGuard for SqliteGuard {
    type Error = SqliteGuardError;

    fn count_attempt(
        &self,
        till: &TillId,
        candidates: &[CredentialId],
        now: UnixTime,
    ) -> Result<Admission, SqliteGuardError> {
        let mut connection = self.connection();
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let admission = {
            let mut count = tx.prepare_cached(COUNT)?;
            let mut within = |who: Vec<u8>, limit: u32| {
                let tries: i64 = count.query_row(params![who, day(now)], |row| row.get(0))?;
                Ok::<_, SqliteGuardError>(tries <= i64::from(limit))
            };
            if within(till_row(till), self.limits.per_till)? {
                let open = candidates.iter().map(|candidate| {
                    let [both, alone] = candidate_rows(till, *candidate);
                    let both = within(both, self.limits.per_till_and_candidate)?;
                    Ok(within(alone, self.limits.per_candidate)? && both)
                });
                Admission::Candidates(open.collect::<Result<_, SqliteGuardError>>()?)
            } else {
                Admission::TillStopped
            }
        };
        tx.commit()?;
        Ok(admission)
    }

    fn revert_attempt(
        &self,
        till: &TillId,
        candidates: &[CredentialId],
        now: UnixTime,
    ) -> Result<(), SqliteGuardError> {
        let mut connection = self.connection();
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut take_back = tx.prepare_cached(TAKE_BACK)?;
            let rows = candidates.iter().flat_map(|candidate| candidate_rows(till, *candidate));
            for who in rows.chain([till_row(till)]) {
                take_back.execute(params![who, day(now)])?;
            }
        }
        tx.commit()?;
        Ok(())
    }

    fn advance_counter(
        &self,
        credential: CredentialId,
        counter: Counter,
    ) -> Result<bool, SqliteGuardError> {
        let connection = self.connection();
        let mut advance = connection.prepare_cached(ADVANCE)?;
        let rows = advance.execute(params![credential.0, counter.number().cast_signed()])?;
        Ok(rows == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: CredentialId = CredentialId([1; 16]);
    const BOB: CredentialId = CredentialId([2; 16]);

    fn guard(limits: AttemptLimits) -> SqliteGuard {
        SqliteGuard::in_memory(limits).unwrap()
    }

    fn till(id: &str) -> TillId {
        id.parse().unwrap()
    }

    fn counter(number: u64) -> Counter {
        Counter::from_number(number).unwrap()
    }

    fn noon() -> UnixTime {
        UnixTime::new(1_800_000_000).unwrap()
    }

    #[test]
    fn a_counter_only_grows_and_each_credential_has_its_own() {
        let guard = guard(AttemptLimits::default());
        assert!(guard.advance_counter(ALICE, counter(10)).unwrap());
        assert!(!guard.advance_counter(ALICE, counter(10)).unwrap());
        assert!(!guard.advance_counter(ALICE, counter(9)).unwrap());
        assert!(guard.advance_counter(BOB, counter(9)).unwrap());
        assert!(guard.advance_counter(ALICE, counter(11)).unwrap());
        assert!(
            guard.advance_counter(BOB, Counter::from_number(84_467_433_600 + 9).unwrap()).unwrap()
        );
    }

    #[test]
    fn counters_outlive_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("guard.db");
        let open = || SqliteGuard::open(&path, AttemptLimits::default()).unwrap();
        assert!(open().advance_counter(ALICE, counter(10)).unwrap());
        assert!(!open().advance_counter(ALICE, counter(10)).unwrap());
    }

    #[test]
    fn one_of_sixty_four_threads_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("guard.db");
        // Each thread has a connection of its own, so that the file decides and not our mutex.
        let guards: Vec<_> =
            (0..64).map(|_| SqliteGuard::open(&path, AttemptLimits::default()).unwrap()).collect();
        let gate = std::sync::Barrier::new(64);
        for round in 1..=3 {
            let winners = std::thread::scope(|scope| {
                let race = |guard| {
                    let gate = &gate;
                    scope.spawn(move || {
                        gate.wait();
                        SqliteGuard::advance_counter(guard, ALICE, counter(round)).unwrap()
                    })
                };
                let threads: Vec<_> = guards.iter().map(race).collect();
                threads.into_iter().filter_map(|t| t.join().unwrap().then_some(())).count()
            });
            assert_eq!(winners, 1);
        }
    }

    #[test]
    fn a_till_past_its_limit_is_stopped_until_the_next_day() {
        let guard = guard(AttemptLimits { per_till: 3, ..AttemptLimits::default() });
        let a = till("A");
        let b = till("B");
        for _ in 0..3 {
            assert_eq!(
                guard.count_attempt(&a, &[], noon()).unwrap(),
                Admission::Candidates(vec![])
            );
        }
        assert_eq!(guard.count_attempt(&a, &[ALICE], noon()).unwrap(), Admission::TillStopped);
        assert_eq!(
            guard.count_attempt(&b, &[ALICE], noon()).unwrap(),
            Admission::Candidates(vec![true])
        );
        let tomorrow = noon().shifted(86_400);
        assert_eq!(guard.count_attempt(&a, &[], tomorrow).unwrap(), Admission::Candidates(vec![]));
        // A clock set back does not open a new day.
        guard.count_attempt(&a, &[], tomorrow).unwrap();
        guard.count_attempt(&a, &[], tomorrow).unwrap();
        assert_eq!(guard.count_attempt(&a, &[], noon()).unwrap(), Admission::TillStopped);
    }

    #[test]
    fn one_till_locks_no_shopper_out_of_the_others() {
        let limits = AttemptLimits { per_till: 100, per_till_and_candidate: 2, per_candidate: 5 };
        let guard = guard(limits);
        let count = |id| guard.count_attempt(&till(id), &[ALICE, BOB], noon()).unwrap();
        for _ in 0..2 {
            assert_eq!(count("A"), Admission::Candidates(vec![true, true]));
        }
        assert_eq!(count("A"), Admission::Candidates(vec![false, false]));
        assert_eq!(count("B"), Admission::Candidates(vec![true, true]));
        assert_eq!(count("B"), Admission::Candidates(vec![true, true]));
        // All tills together have a limit too.
        assert_eq!(count("C"), Admission::Candidates(vec![false, false]));
    }

    #[test]
    fn a_match_reverts_its_attempts() {
        let guard =
            guard(AttemptLimits { per_till: 1, per_till_and_candidate: 1, per_candidate: 1 });
        for _ in 0..3 {
            let admission = guard.count_attempt(&till("A"), &[ALICE], noon()).unwrap();
            assert_eq!(admission, Admission::Candidates(vec![true]));
            guard.revert_attempt(&till("A"), &[ALICE], noon()).unwrap();
        }
    }

    #[test]
    fn a_file_that_is_not_a_guard_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("guard.db");
        std::fs::write(&path, "not a database, but long enough to look like one".repeat(50))
            .unwrap();
        let error = SqliteGuard::open(&path, AttemptLimits::default()).unwrap_err();
        assert_eq!(error.to_string(), "the record of used codes cannot be read or written");
    }
}
