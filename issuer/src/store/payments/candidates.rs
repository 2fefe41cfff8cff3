//! The accounts that a code may belong to, read and locked in one round trip, with all that a payment has to know of
//! them.

use std::cmp::Ordering;
use std::sync::Arc;

use tegata::UnixTime;
use tegata::code::{Candidate, CodeMatch, CredentialId, TillId};
use tegata_policy::Generation;
use tegata_policy::limits::{LOW_CAPS, NEW_CARD_LOW_CAPS};

use super::super::cards::ChargeableCard;
use super::super::error::StoreError;
use super::super::global_state::GlobalState;
use super::super::sql::{Query, Row, values};
use super::super::transaction::Transaction;
use super::attempts::AttemptCounts;
use super::state::DeclineReason;
use crate::domain::{AccountId, Sealed};

/// A credential that a code may belong to.
#[derive(Clone, Debug)]
pub struct CandidateCredential {
    /// The credential's id, by which it is found.
    pub id: CredentialId,
    /// The account that it is of.
    pub account: AccountId,
    /// The seed that its codes are derived from, sealed.
    pub seed: Sealed,
}

/// Prepares credentials for comparison, which opens their seeds, and caches them.
pub trait CandidateCache: Send + Sync {
    /// Prepares a credential. Its seed never changes, so a cached one may be given.
    ///
    /// # Errors
    /// If its seed cannot be opened.
    fn prepare(&self, credential: &CandidateCredential) -> Result<Arc<Candidate>, StoreError>;
}

/// A credential and its account, whose row is locked: what grows with each code is there.
pub(super) struct CandidateAccount {
    pub(super) credential: CandidateCredential,
    pub(super) number: u32,
    pays_with: Option<u32>,
    pub(super) generation: Generation,
    low_until: u64,
    /// The number of the credential that the account pays with from this time on.
    next: Option<(u32, u64)>,
    /// The last day on which it paid, and that day's sum, in minor units.
    last_day: (u64, u64),
    /// The number of the credential whose code was accepted last, and that code's counter, -1 before the first.
    last_code: (u32, i64),
    /// When the card that is charged was added.
    card_made: Option<u64>,
    pub(super) card: Option<ChargeableCard>,
}

impl CandidateAccount {
    /// Reads those of these credentials that are not void for good, and how many wrong codes each of them, and this
    /// till, had today. The accounts are locked before the counts are read, so that attempts at one credential are
    /// serialised, also the first of a day, for which there is no row yet.
    pub(super) async fn load(
        transaction: &mut dyn Transaction,
        ids: &[CredentialId],
        till: &TillId,
        now: UnixTime,
    ) -> Result<(Vec<Self>, AttemptCounts), StoreError> {
        const LOCK: &str = "SELECT c.account, c.key, c.seed, c.number, p.number, p.generation, \
            p.low_until, p.next_number, p.next_from, p.day, p.spent, p.counter_of, p.counter, \
            d.made, d.card, d.method, d.brand, d.last4, o.customer \
            FROM credentials c JOIN payers p ON p.account = c.account \
            LEFT JOIN cards d ON d.account = c.account AND d.is_default = 1 \
            LEFT JOIN customers o ON o.account = d.account \
            WHERE c.credential = $1 AND c.key IS NOT NULL";
        let lock = ids.iter().map(|id| Query::new(LOCK, values![id.0]).for_update_of_p());
        let counts = AttemptCounts::queries(till, ids, now);
        let mut read = transaction.query_all(lock.chain(counts).collect()).await?;
        let counts = read.split_off(ids.len());
        let account = |(id, rows): (&CredentialId, Vec<Row>)| {
            rows.into_iter().next().map(|row| Self::read(*id, row))
        };
        let accounts: Vec<_> =
            ids.iter().zip(read).filter_map(account).collect::<Result<_, _>>()?;
        let valid: Vec<_> = accounts.iter().map(|account| account.credential.id).collect();
        Ok((accounts, AttemptCounts::from_rows(till, &valid, now, counts)?))
    }

    fn read(id: CredentialId, row: Row) -> Result<Self, StoreError> {
        let mut row = row.of_table("payers");
        let account = AccountId(row.array()?);
        let seed = Sealed { key: row.int()?, bytes: row.blob()? };
        Ok(Self {
            credential: CandidateCredential { id, account, seed },
            number: row.int()?,
            pays_with: row.optional(Row::int)?,
            generation: Generation(row.int()?),
            low_until: row.int()?,
            next: Self::read_next(&mut row)?,
            last_day: (row.int()?, row.int()?),
            last_code: (row.int()?, row.int()?),
            card_made: row.optional(Row::int)?,
            card: row.optional(ChargeableCard::take)?,
        })
    }

    fn read_next(row: &mut Row) -> Result<Option<(u32, u64)>, StoreError> {
        let number: Option<u32> = row.optional(Row::int)?;
        let from = row.int()?;
        Ok(number.map(|number| (number, from)))
    }

    /// The credential that waited and counts by now.
    fn promoted(&self, now: UnixTime) -> Option<(u32, u64)> {
        self.next.filter(|(_, from)| *from <= now.seconds())
    }

    /// The number of the credential that the account pays with now; `None` while it cannot pay.
    pub(super) fn pays_with(&self, now: UnixTime) -> Option<u32> {
        self.promoted(now).map(|(number, _)| number).or(self.pays_with)
    }

    /// Whether lower caps apply now: the credential, the device or the card that is charged is new.
    pub(super) fn is_low(&self, now: UnixTime) -> bool {
        let of_new = self.promoted(now).map_or(0, |(_, from)| from.saturating_add(LOW_CAPS));
        let is_new_card = |made: u64| now.seconds().saturating_sub(made) < NEW_CARD_LOW_CAPS;
        now.seconds() < self.low_until.max(of_new) || self.card_made.is_some_and(is_new_card)
    }

    /// Gives the day that a payment counts against, and what was spent on it, in minor units. Another process may have
    /// begun the next day already; the sum is that of the last day only.
    pub(super) fn spent(&self, today: u64) -> (u64, u64) {
        let (day, spent) = self.last_day;
        if day < today { (today, 0) } else { (day, spent) }
    }

    /// Says why the code cannot be accepted, if it cannot: it was used before, or may have been before a restore; or
    /// another credential has replaced this one, or pays still while this one waits. The code of one that waits must not
    /// count as used: it would void those of the other.
    pub(super) fn refuses(
        &self,
        matched: &CodeMatch,
        global_state: &GlobalState,
        now: UnixTime,
    ) -> Option<DeclineReason> {
        let waits =
            self.next.is_some_and(|(next, _)| next == self.number) && self.promoted(now).is_none();
        if waits || self.pays_with(now).is_some_and(|pays| pays != self.number) {
            return Some(DeclineReason::NotValid);
        }
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
