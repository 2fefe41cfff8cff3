//! The other side of the counter: two tills and the issuer that checks what they scan, in this process.

use std::path::Path;

use tegata::UnixTime;
use tegata::code::{
    AttemptLimits, Candidate, CredentialId, Prefixes, Refusal, Scheme, Seed, SqliteGuard, TillId,
    Verdict, verify,
};

use crate::failure::Failure;

/// An issuer with one credential, its record of used codes, and two tills.
pub(super) struct Shop {
    prefixes: Prefixes,
    credential: Candidate,
    guard: SqliteGuard,
    pub(super) till: TillId,
    pub(super) other_till: TillId,
}

impl Shop {
    pub(super) fn open(
        folder: &Path,
        scheme: Scheme,
        id: CredentialId,
        seed: &Seed,
    ) -> Result<Self, Failure> {
        let till = |id: &str| id.parse().map_err(|e| Failure::to("name a till")(&e));
        Ok(Self {
            prefixes: Prefixes::new([scheme]).map_err(|e| Failure::to("set up the issuer")(&e))?,
            credential: Candidate::new(id, seed),
            guard: SqliteGuard::open(&folder.join("used-codes.db"), AttemptLimits::default())
                .map_err(|e| Failure::to("set up the issuer")(&e))?,
            till: till("shibuya-01")?,
            other_till: till("ueno-07")?,
        })
    }

    pub(super) fn scan(
        &self,
        code: &[u8],
        till: &TillId,
        now: UnixTime,
    ) -> Result<Verdict, Failure> {
        let candidate = |_: &_, _: &_| Ok(vec![&self.credential]);
        verify(&self.guard, &self.prefixes, code, till, now, candidate)
            .map_err(|e| Failure::to("check the code")(&e))
    }
}

/// What the till shows: whether it is a yes, and the words.
pub(super) fn in_words(verdict: Verdict, till: &TillId) -> (bool, String) {
    match verdict {
        Verdict::Accepted { .. } => (true, format!("{till}: paid")),
        Verdict::Refused(Refusal::Malformed) => (false, format!("{till}: no payment code")),
        Verdict::Refused(refusal) => (false, format!("{till}: {refusal}")),
    }
}
