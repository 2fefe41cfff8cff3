//! Wrong codes, counted by day of UTC: by till, by credential, and by credential at a till. A till that had many waits
//! after each further one, for minutes; a credential is closed for the rest of the day.

use tegata::UnixTime;
use tegata::code::{Admission, AttemptLimits, CredentialId, TillId};

use super::super::Store;
use super::super::error::StoreError;
use super::super::sql::{Query, Row, Statement, values};
use super::super::transaction::Transaction;

pub(super) const DAY: u64 = 24 * 60 * 60;

/// Days for which counts are kept after their day: reports look back on them.
pub const ATTEMPT_DAYS: u64 = 31;

/// The wrong codes of a till, and of each credential that a code may belong to, on one day. Existing counts are locked,
/// so that attempts at the same ones are serialised. A count that does not exist yet cannot be locked, but whoever
/// reads these holds the rows of the accounts that would pay: only a till's first attempts of a day at several
/// credentials may be looked at together.
pub(super) struct AttemptCounts {
    day: u64,
    till: (Vec<u8>, u32),
    /// When the till's last one came, in seconds since 1970, if it has to wait after it.
    last_at_till: Option<u64>,
    /// The counts of each candidate: at this till, at all tills.
    candidates: Vec<[(Vec<u8>, u32); 2]>,
}

/// For how long a till waits after a wrong code, with this many above its limit for the day: a minute, twice as long each
/// time, and never more than a quarter of an hour. Scanners that read something else stop it for no longer, and a guesser
/// gets a hundred more a day.
fn pause_seconds(over: u32) -> u64 {
    60 * (1 << over.min(4)).min(15)
}

fn till_subject(till: &TillId) -> Vec<u8> {
    [b"t", till.as_str().as_bytes()].concat()
}

/// That of the time of a till's last wrong code.
fn pause_subject(till: &TillId) -> Vec<u8> {
    [b"p", till.as_str().as_bytes()].concat()
}

/// Gives the till that a count is of, if it is one of a till.
pub(super) fn till_of_subject(subject: &[u8]) -> Option<TillId> {
    std::str::from_utf8(subject.strip_prefix(b"t")?).ok()?.parse().ok()
}

fn credential_subject(credential: CredentialId) -> Vec<u8> {
    [b"c", &credential.0[..]].concat()
}

fn credential_at_till_subject(credential: CredentialId, till: &TillId) -> Vec<u8> {
    [b"b", &credential.0[..], till.as_str().as_bytes()].concat()
}

impl AttemptCounts {
    /// Makes the queries that read the counts.
    pub(super) fn queries(till: &TillId, candidates: &[CredentialId], now: UnixTime) -> Vec<Query> {
        // `day + 0` keeps the index over days out, which would lead to all that was counted today.
        const COUNT: &str =
            "SELECT subject, count FROM attempts WHERE subject = $1 AND day + 0 = $2";
        let day = now.seconds() / DAY;
        let of =
            |id: &CredentialId| [credential_at_till_subject(*id, till), credential_subject(*id)];
        let subjects = std::iter::once(till_subject(till)).chain(candidates.iter().flat_map(of));
        subjects.map(|subject| Query::new(COUNT, values![subject, day]).for_update()).collect()
    }

    /// Makes the counts of the rows that those queries read.
    pub(super) fn from_rows(
        till: &TillId,
        candidates: &[CredentialId],
        now: UnixTime,
        read: Vec<Vec<Row>>,
    ) -> Result<Self, StoreError> {
        let of = |id: &CredentialId| {
            [(credential_at_till_subject(*id, till), 0), (credential_subject(*id), 0)]
        };
        let mut attempts = Self {
            day: now.seconds() / DAY,
            till: (till_subject(till), 0),
            last_at_till: None,
            candidates: candidates.iter().map(of).collect(),
        };
        for row in read.into_iter().flatten() {
            let mut row = row.of_table("attempts");
            attempts.set(&row.blob()?, row.int()?);
        }
        Ok(attempts)
    }

    /// Reads when the last wrong code of a till above its limit came; of other tills nothing.
    pub(super) async fn read_pause(
        &mut self,
        transaction: &mut dyn Transaction,
        till: &TillId,
        limits: &AttemptLimits,
    ) -> Result<(), StoreError> {
        const LAST: &str = "SELECT count FROM attempts WHERE subject = $1 AND day = $2";
        if self.till.1 < limits.per_till {
            return Ok(());
        }
        let rows = transaction.rows(LAST, values![pause_subject(till), self.day]).await?;
        let last = rows.into_iter().next().map(|row| row.of_table("attempts").int());
        self.last_at_till = last.transpose()?;
        Ok(())
    }

    fn set(&mut self, subject: &[u8], count: u32) {
        let all = std::iter::once(&mut self.till).chain(self.candidates.iter_mut().flatten());
        for (_, current) in all.filter(|(other, _)| other == subject) {
            *current = count;
        }
    }

    /// Says whether one more attempt is admitted.
    pub(super) fn admission(&self, limits: &AttemptLimits, now: UnixTime) -> Admission {
        if let Some(over) = self.till.1.checked_sub(limits.per_till)
            && let Some(last) = self.last_at_till
            && now.seconds() < last.saturating_add(pause_seconds(over))
        {
            return Admission::TillStopped;
        }
        let is_open = |[both, all]: &[(Vec<u8>, u32); 2]| {
            both.1 < limits.per_till_and_candidate && all.1 < limits.per_candidate
        };
        Admission::Candidates(self.candidates.iter().map(is_open).collect())
    }

    /// Gives the statements that count one more wrong code.
    pub(super) fn count_one_more(
        self,
        till: &TillId,
        limits: &AttemptLimits,
        now: UnixTime,
    ) -> Vec<Statement> {
        const COUNT: &str = "INSERT INTO attempts (subject, day, count) VALUES ($1, $2, 1) \
            ON CONFLICT (subject, day) DO UPDATE SET count = attempts.count + 1";
        const PAUSE: &str = "INSERT INTO attempts (subject, day, count) VALUES ($1, $2, $3) \
            ON CONFLICT (subject, day) DO UPDATE SET count = excluded.count";
        let has_to_wait = self.till.1.saturating_add(1) >= limits.per_till;
        let pause = has_to_wait.then(|| {
            let values = values![pause_subject(till), self.day, now.seconds()];
            Statement::new(PAUSE, values).single_row()
        });
        let all = std::iter::once(self.till).chain(self.candidates.into_iter().flatten());
        let mut subjects: Vec<_> = all.map(|(subject, _)| subject).collect();
        // In one order, so that two transactions that count at the same time cannot deadlock.
        subjects.sort();
        let count = |subject| Statement::new(COUNT, values![subject, self.day]).single_row();
        subjects.into_iter().map(count).chain(pause).collect()
    }
}

fn index_of_day(days: u64) -> Result<usize, StoreError> {
    usize::try_from(days).map_err(|_| StoreError::Unreadable("attempts"))
}

impl Store {
    /// Gives the number of wrong codes at all tills for each day of UTC: from the first day that has any to today,
    /// which is the last. It reads one range of the primary key, a row for each till and day, since subjects of tills
    /// begin with a t.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn wrong_codes_by_day(&self, now: UnixTime) -> Result<Vec<u64>, StoreError> {
        const BY_DAY: &str = "SELECT day, CAST(SUM(count) AS BIGINT) FROM attempts \
            WHERE subject >= $1 AND subject < $2 AND day <= $3 GROUP BY day ORDER BY day";
        let today = now.seconds() / DAY;
        let mut counts = Vec::new();
        let mut first = None;
        for row in self.database.scan(BY_DAY, values![*b"t", *b"u", today]).await? {
            let mut row = row.of_table("attempts");
            let day: u64 = row.int()?;
            let count: u64 = row.int()?;
            let first = *first.get_or_insert(day);
            counts.resize(index_of_day(day - first)?, 0);
            counts.push(count);
        }
        let days = first.map_or(Ok(0), |first| index_of_day(today - first))?;
        counts.resize(days + 1, 0);
        Ok(counts)
    }

    /// Deletes counts of more than [`ATTEMPT_DAYS`] days ago.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn prune_attempt_counts(&self, now: UnixTime) -> Result<(), StoreError> {
        const ANY: &str = "SELECT 1 FROM attempts WHERE day < $1 LIMIT 1";
        const DELETE: &str = "DELETE FROM attempts WHERE (subject, day) IN \
            (SELECT subject, day FROM attempts WHERE day < $1 ORDER BY day LIMIT $2)";
        let day = (now.seconds() / DAY).saturating_sub(ATTEMPT_DAYS);
        self.delete_all(ANY, DELETE, values![day]).await
    }
}
