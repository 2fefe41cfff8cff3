//! Codes that fitted nobody, counted for a day of UTC: of a till, of a credential, and of a credential at a till.

use tegata::UnixTime;
use tegata::code::{Admission, AttemptLimits, CredentialId, TillId};

use super::super::Store;
use super::super::error::StoreError;
use super::super::sql::{Query, Row, Statement, values};

pub(super) const DAY: u64 = 24 * 60 * 60;

/// Days for which counts are kept after their own: reports look back on them.
pub const ATTEMPT_DAYS: u64 = 31;

/// How often a till, and each credential that a code may belong to, was wrong today. What is there is locked: of others
/// who count at the same time some come before this and are in it, and the others come after. A count that is not there
/// yet nobody can lock: whoever reads these holds the rows of those who would pay. Only a till's first tries of a day at
/// several credentials may be looked at together.
pub(super) struct Attempts {
    day: u64,
    till: (Vec<u8>, u32),
    /// Of each candidate: at this till, at all tills.
    candidates: Vec<[(Vec<u8>, u32); 2]>,
}

fn of_till(till: &TillId) -> Vec<u8> {
    [b"t", till.as_str().as_bytes()].concat()
}

/// The till whose count it is.
pub(super) fn till_in(subject: &[u8]) -> Option<TillId> {
    std::str::from_utf8(subject.strip_prefix(b"t")?).ok()?.parse().ok()
}

fn of_credential(credential: CredentialId) -> Vec<u8> {
    [b"c", &credential.0[..]].concat()
}

fn of_both(credential: CredentialId, till: &TillId) -> Vec<u8> {
    [b"b", &credential.0[..], till.as_str().as_bytes()].concat()
}

impl Attempts {
    /// What reads them.
    pub(super) fn reads(till: &TillId, candidates: &[CredentialId], now: UnixTime) -> Vec<Query> {
        // By the subject: the index over days would lead to all that was counted today.
        const COUNT: &str =
            "SELECT subject, count FROM attempts WHERE subject = $1 AND day + 0 = $2";
        let day = now.seconds() / DAY;
        let of = |id: &CredentialId| [of_both(*id, till), of_credential(*id)];
        let subjects = std::iter::once(of_till(till)).chain(candidates.iter().flat_map(of));
        subjects.map(|subject| Query::new(COUNT, values![subject, day]).for_update()).collect()
    }

    /// What was read of these.
    pub(super) fn of(
        till: &TillId,
        candidates: &[CredentialId],
        now: UnixTime,
        read: Vec<Vec<Row>>,
    ) -> Result<Self, StoreError> {
        let of = |id: &CredentialId| [(of_both(*id, till), 0), (of_credential(*id), 0)];
        let mut attempts = Self {
            day: now.seconds() / DAY,
            till: (of_till(till), 0),
            candidates: candidates.iter().map(of).collect(),
        };
        for row in read.into_iter().flatten() {
            let mut row = row.of_table("attempts");
            attempts.set(&row.blob()?, row.int()?);
        }
        Ok(attempts)
    }

    fn set(&mut self, subject: &[u8], count: u32) {
        let all = std::iter::once(&mut self.till).chain(self.candidates.iter_mut().flatten());
        for (_, kept) in all.filter(|(kept, _)| kept == subject) {
            *kept = count;
        }
    }

    /// Whether one more is looked at.
    pub(super) fn admission(&self, limits: &AttemptLimits) -> Admission {
        if self.till.1 >= limits.per_till {
            return Admission::TillStopped;
        }
        let is_open = |[both, all]: &[(Vec<u8>, u32); 2]| {
            both.1 < limits.per_till_and_candidate && all.1 < limits.per_candidate
        };
        Admission::Candidates(self.candidates.iter().map(is_open).collect())
    }

    /// What counts one more.
    pub(super) fn counted(self) -> Vec<Statement> {
        const COUNT: &str = "INSERT INTO attempts (subject, day, count) VALUES ($1, $2, 1) \
            ON CONFLICT (subject, day) DO UPDATE SET count = attempts.count + 1";
        let all = std::iter::once(self.till).chain(self.candidates.into_iter().flatten());
        let mut subjects: Vec<_> = all.map(|(subject, _)| subject).collect();
        // In one order, so that two that count at the same time wait for one another in one direction.
        subjects.sort();
        let count = |subject| Statement::new(COUNT, values![subject, self.day]).single_row();
        subjects.into_iter().map(count).collect()
    }
}

fn place(days: u64) -> Result<usize, StoreError> {
    usize::try_from(days).map_err(|_| StoreError::Unreadable("attempts"))
}

impl Store {
    /// How many codes were wrong at all tills on each day of UTC that is kept: from the first on which any was, days without
    /// any among them as zeros, up to today, which is the last. A till's subject begins with a t, so it is one range of
    /// the primary key: a row for each till and day, however many credentials there are.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn wrong_codes_by_day(&self, now: UnixTime) -> Result<Vec<u64>, StoreError> {
        const BY_DAY: &str = "SELECT day, CAST(SUM(count) AS BIGINT) FROM attempts \
            WHERE subject >= $1 AND subject < $2 AND day <= $3 GROUP BY day ORDER BY day";
        let today = now.seconds() / DAY;
        let (mut counts, mut first) = (Vec::new(), None);
        for row in self.database.rows(BY_DAY, values![*b"t", *b"u", today]).await? {
            let mut row = row.of_table("attempts");
            let (day, count) = (row.int::<u64>()?, row.int::<u64>()?);
            let first = *first.get_or_insert(day);
            counts.resize(place(day - first)?, 0);
            counts.push(count);
        }
        let days = first.map_or(Ok(0), |first| place(today - first))?;
        counts.resize(days + 1, 0);
        Ok(counts)
    }

    /// Drops what was counted more than [`ATTEMPT_DAYS`] days ago.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn prune_attempt_counts(&self, now: UnixTime) -> Result<(), StoreError> {
        const ANY: &str = "SELECT 1 FROM attempts WHERE day < $1 LIMIT 1";
        const DROP: &str = "DELETE FROM attempts WHERE (subject, day) IN \
            (SELECT subject, day FROM attempts WHERE day < $1 ORDER BY day LIMIT $2)";
        let day = (now.seconds() / DAY).saturating_sub(ATTEMPT_DAYS);
        self.delete_all(ANY, DROP, values![day]).await
    }
}
