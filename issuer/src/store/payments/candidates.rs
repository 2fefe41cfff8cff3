//! Whose code it may be: a credential with its account, that one locked, and what that has spent today and pays with. All
//! that a payment has to know of a shopper is read by it in one go.

use std::cmp::Ordering;
use std::sync::Arc;

use tegata::UnixTime;
use tegata::code::{Candidate, CodeMatch, CredentialId, TillId};
use tegata_policy::Generation;

use super::super::cards::ChargeableCard;
use super::super::error::StoreError;
use super::super::global_state::GlobalState;
use super::super::sql::{Query, Row, values};
use super::super::transaction::Transaction;
use super::attempts::Attempts;
use super::authorise::DeclineReason;
use crate::domain::{AccountId, Sealed};

/// A credential that a code may belong to.
#[derive(Clone, Debug)]
pub struct CandidateCredential {
    /// Which.
    pub id: CredentialId,
    /// Whose it is.
    pub account: AccountId,
    /// Its seed.
    pub seed: Sealed,
}

/// Who can prepare a credential for comparisons: it opens seeds.
pub trait CandidateCache: Send + Sync {
    /// Prepares one. A credential's seed never changes, so one that was prepared before may be given again.
    ///
    /// # Errors
    /// If its seed cannot be opened.
    fn prepare(&self, found: &CandidateCredential) -> Result<Arc<Candidate>, StoreError>;
}

/// A credential, and its account, locked: what only grows with each code stands there.
pub(super) struct CandidateAccount {
    pub(super) found: CandidateCredential,
    pub(super) number: u32,
    pub(super) pays_with: Option<u32>,
    pub(super) generation: Generation,
    pub(super) low_until: u64,
    /// The last day on which it paid, and how much, in minor units.
    last: (u64, u64),
    /// The credential of the last code that was taken, and its counter, -1 before the first.
    last_code: (u32, i64),
    pub(super) card: Option<ChargeableCard>,
}

impl CandidateAccount {
    /// Those of these credentials that are not void for good, and how often each of them, and this till, was wrong today.
    /// Locked before the counts are read: tries at one credential come one after the other, also the first of a day, for
    /// which there is no row yet.
    pub(super) async fn of(
        transaction: &mut dyn Transaction,
        ids: &[CredentialId],
        till: &TillId,
        now: UnixTime,
    ) -> Result<(Vec<Self>, Attempts), StoreError> {
        const LOCK: &str = "SELECT c.account, c.key, c.seed, c.number, p.number, p.generation, \
            p.low_until, p.day, p.spent, p.counter_of, p.counter, d.card, d.method, o.customer \
            FROM credentials c JOIN payers p ON p.account = c.account \
            LEFT JOIN cards d ON d.account = c.account AND d.is_default = 1 \
            LEFT JOIN customers o ON o.account = d.account \
            WHERE c.credential = $1 AND c.key IS NOT NULL";
        let lock = ids.iter().map(|id| Query::new(LOCK, values![id.0]).for_update_of_p());
        let counts = Attempts::reads(till, ids, now);
        let mut read = transaction.query_all(lock.chain(counts).collect()).await?;
        let counts = read.split_off(ids.len());
        let payer = |(id, rows): (&CredentialId, Vec<Row>)| {
            rows.into_iter().next().map(|row| Self::read(*id, row))
        };
        let payers: Vec<_> = ids.iter().zip(read).filter_map(payer).collect::<Result<_, _>>()?;
        let living: Vec<_> = payers.iter().map(|payer| payer.found.id).collect();
        Ok((payers, Attempts::of(till, &living, now, counts)?))
    }

    fn read(id: CredentialId, row: Row) -> Result<Self, StoreError> {
        let mut row = row.of_table("payers");
        let account = AccountId(row.array()?);
        let seed = Sealed { key: row.int()?, bytes: row.blob()? };
        Ok(Self {
            found: CandidateCredential { id, account, seed },
            number: row.int()?,
            pays_with: row.optional(Row::int)?,
            generation: Generation(row.int()?),
            low_until: row.int()?,
            last: (row.int()?, row.int()?),
            last_code: (row.int()?, row.int()?),
            card: row.optional(ChargeableCard::take)?,
        })
    }

    /// The day that a payment counts against, and what was spent on it, in minor units. A day that another process has
    /// begun already is not gone back from: sums are kept of the last one only.
    pub(super) fn spent(&self, today: u64) -> (u64, u64) {
        let (day, spent) = self.last;
        if day < today { (today, 0) } else { (day, spent) }
    }

    /// Why the code cannot be taken, if it cannot: it was taken before, or may have been, since after a restore nobody
    /// knows; or another credential has followed this one just now.
    pub(super) fn refuses(
        &self,
        matched: &CodeMatch,
        global_state: &GlobalState,
    ) -> Option<DeclineReason> {
        let (number, last) = self.last_code;
        let counter = matched.counter();
        let is_taken = match number.cmp(&self.number) {
            Ordering::Less => false,
            Ordering::Equal => u64::try_from(last).is_ok_and(|last| counter.number() <= last),
            Ordering::Greater => return Some(DeclineReason::NotValid),
        };
        let is_used = is_taken || counter.step().number() <= global_state.used_up_to;
        is_used.then_some(DeclineReason::Used)
    }
}
