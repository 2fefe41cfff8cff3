//! Codes that fitted nobody, counted for a day of UTC: of a till, of a credential, and of a credential at a till.

use tegata::UnixTime;
use tegata::code::{Admission, AttemptLimits, CredentialId, TillId};

use super::super::database::Transaction;
use super::super::rows::{Statement, values};
use super::super::{Store, StoreError};

pub(super) const DAY: u64 = 24 * 60 * 60;

/// Days for which counts are kept after their own: reports look back on them.
pub const ATTEMPTS_KEPT: u64 = 31;

/// How often a till, and each credential that a code may belong to, was wrong today. What is there is locked: of others
/// who count at the same time some come before this and are in it, and the others come after. A count that is not there
/// yet nobody can lock: whoever reads these holds the candidates' own rows. Only a till's first tries of a day at several
/// credentials may be looked at together.
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
    pub(super) async fn of(
        transaction: &mut dyn Transaction,
        till: &TillId,
        candidates: &[CredentialId],
        now: UnixTime,
    ) -> Result<Self, StoreError> {
        const COUNTS: &str = "SELECT subject, count FROM attempts \
            WHERE day = $1 AND subject IN ($2, $3, $4)";
        let till_subject = of_till(till);
        let day = now.seconds() / DAY;
        let mut attempts = Self { day, till: (till_subject.clone(), 0), candidates: Vec::new() };
        for id in candidates {
            attempts.candidates.push([(of_both(*id, till), 0), (of_credential(*id), 0)]);
        }
        let subjects =
            attempts.candidates.iter().map(|[both, all]| (both.0.clone(), all.0.clone()));
        let mut subjects: Vec<_> = subjects.collect();
        if subjects.is_empty() {
            subjects.push((till_subject.clone(), till_subject.clone()));
        }
        for (both, all) in subjects {
            let values = values![day, till_subject.clone(), both, all];
            for row in transaction.lock(COUNTS, values).await? {
                let mut row = row.of("attempts");
                attempts.set(&row.blob()?, row.int()?);
            }
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
        Admission::Open(self.candidates.iter().map(is_open).collect())
    }

    /// What counts one more.
    pub(super) fn counted(self) -> Vec<Statement> {
        const COUNT: &str = "INSERT INTO attempts (subject, day, count) VALUES ($1, $2, 1) \
            ON CONFLICT (subject, day) DO UPDATE SET count = attempts.count + 1";
        let all = std::iter::once(self.till).chain(self.candidates.into_iter().flatten());
        let mut subjects: Vec<_> = all.map(|(subject, _)| subject).collect();
        // In one order, so that two that count at the same time wait for one another in one direction.
        subjects.sort();
        let count = |subject| Statement::new(COUNT, values![subject, self.day]);
        subjects.into_iter().map(count).collect()
    }
}

impl Store {
    /// Drops what was counted more than [`ATTEMPTS_KEPT`] days ago.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn prune_attempts(&self, now: UnixTime) -> Result<(), StoreError> {
        const ANY: &str = "SELECT 1 FROM attempts WHERE day < $1 LIMIT 1";
        const DROP: &str = "DELETE FROM attempts WHERE (subject, day) IN \
            (SELECT subject, day FROM attempts WHERE day < $1 ORDER BY day LIMIT $2)";
        let day = (now.seconds() / DAY).saturating_sub(ATTEMPTS_KEPT);
        self.drop_all(ANY, DROP, values![day]).await
    }
}
