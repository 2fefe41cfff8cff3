//! The event log, and the seals over it. What the hash chain proves, and how it is checked, is for
//! [`audit`](crate::audit).
//!
//! An event is written once and never changed. A row beside it says that it waits to be sealed, and goes with the seal;
//! which events a seal covers, and in which order, is in the seal.

use super::Store;
use super::chain::{Seal, extend_chain, initial_seal};
use super::error::StoreError;
use super::event_row::EventRow;
use super::sql::{Query, Row, Statement, values};
use crate::domain::{AccountId, EventId};

/// A seal with the events that it covers: those after the seal before it, up to its own count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEvents {
    /// The seal over them.
    pub seal: Seal,
    /// The ids of its events, in the order of the chain.
    pub events: Vec<EventId>,
}

/// The number of events, and how many there should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventCounts {
    /// Events in the log.
    pub(crate) logged: u64,
    /// Events that the last seal counts.
    pub(crate) sealed: u64,
    /// Events that wait to be sealed.
    pub(crate) waiting: u64,
}

impl SealedEvents {
    fn read(row: Row) -> Result<Self, StoreError> {
        let mut row = row.of_table("event_seals");
        let seal = Seal::take(&mut row)?;
        // Bytes left over are a number that no event has: there is one too many then.
        let id = |bytes: &[u8]| {
            let mut id = [0; 16];
            id[..bytes.len()].copy_from_slice(bytes);
            EventId(id)
        };
        Ok(Self { seal, events: row.blob()?.chunks(16).map(id).collect() })
    }
}

/// The columns that [`EventRow::read`] takes, in its order.
macro_rules! columns {
    () => {
        "e.event, e.account, e.deed, e.actor, e.made, e.detail"
    };
}

/// Reads the ids of events that wait to be sealed. The events are read in another statement: after a join, PostgreSQL
/// may scan the whole log.
const UNSEALED: &str = "SELECT event FROM events_waiting ORDER BY event LIMIT $1";

const ONE: &str = concat!("SELECT ", columns!(), " FROM events e WHERE e.event = $1");

fn ids(rows: Vec<Row>) -> Result<Vec<EventId>, StoreError> {
    rows.into_iter().map(|row| row.of_table("events_waiting").array().map(EventId)).collect()
}

fn read_by(ids: &[EventId]) -> Vec<Query> {
    ids.iter().map(|id| Query::new(ONE, values![id.0])).collect()
}

/// Events that are read at a time.
const AT_ONCE: usize = 512;

/// Payments of an account whose events are read at a time.
const PAYMENTS_AT_ONCE: u32 = 256;

fn with_last(mut id: [u8; 16], byte: u8) -> [u8; 16] {
    id[15] = byte;
    id
}

fn read_all(rows: Vec<Row>) -> Result<Vec<EventRow>, StoreError> {
    rows.into_iter().map(|row| EventRow::read(&mut row.of_table("events"))).collect()
}

impl Store {
    /// Seals up to `n` events that wait; gives how far the log is sealed then, and how many were sealed.
    ///
    /// Events get their place in the chain here, after their transactions, in the order of the ids that are committed.
    /// Of two processes that seal at once one waits for the other.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn seal(&self, n: u32) -> Result<(Seal, usize), StoreError> {
        const LAST: &str = "SELECT count, head FROM event_seals ORDER BY count DESC LIMIT 1";
        const DONE: &str = "DELETE FROM events_waiting WHERE event = $1";
        const SEAL: &str = "INSERT INTO event_seals (count, head, events) VALUES ($1, $2, $3)";
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    // The row of the global state is the lock of those who seal.
                    transaction
                        .rows_for_update("SELECT one FROM standing WHERE one = 1", values![])
                        .await?;
                    let rows = transaction.rows(LAST, values![]).await?;
                    let last = rows.into_iter().next().map(Seal::read).transpose()?;
                    let mut seal = last.unwrap_or_else(initial_seal);
                    let waiting = ids(transaction.rows(UNSEALED, values![n]).await?)?;
                    let events = transaction.query_all(read_by(&waiting)).await?;
                    let events = read_all(events.into_iter().flatten().collect())?;
                    if events.is_empty() {
                        return Ok((seal, 0));
                    }
                    let mut numbers = Vec::new();
                    let mut statements = Vec::new();
                    for event in &events {
                        seal = extend_chain(&seal, event);
                        numbers.extend_from_slice(&event.id.0);
                        let done = Statement::new(DONE, values![event.id.0]).single_row();
                        statements
                            .push(done.error_if_no_rows(StoreError::Unreadable("events_waiting")));
                    }
                    statements.push(Statement::new(SEAL, values![seal.count, seal.head, numbers]));
                    transaction.write(statements).await?;
                    Ok((seal, events.len()))
                })
            })
            .await
    }

    /// Reads up to `n` seals after this count, with the ids of their events.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn sealed_events(&self, after: u64, n: u32) -> Result<Vec<SealedEvents>, StoreError> {
        const PAGES: &str = "SELECT count, head, events FROM event_seals WHERE count > $1 \
            ORDER BY count LIMIT $2";
        let rows = self.database.rows(PAGES, values![after, n]).await?;
        rows.into_iter().map(SealedEvents::read).collect()
    }

    /// Reads the events of these ids, in their order; `None` for a missing one.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn events(&self, ids: &[EventId]) -> Result<Vec<Option<EventRow>>, StoreError> {
        let mut events = Vec::with_capacity(ids.len());
        for ids in ids.chunks(AT_ONCE) {
            for rows in self.database.query_all(read_by(ids)).await? {
                events.push(read_all(rows)?.pop());
            }
        }
        Ok(events)
    }

    /// Reads up to `n` events that wait to be sealed.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn unsealed_events(&self, n: u32) -> Result<Vec<EventRow>, StoreError> {
        let waiting = ids(self.database.rows(UNSEALED, values![n]).await?)?;
        Ok(self.events(&waiting).await?.into_iter().flatten().collect())
    }

    /// Counts all events, as of one moment.
    pub(crate) async fn event_counts(&self) -> Result<EventCounts, StoreError> {
        const CENSUS: &str = "SELECT (SELECT COUNT(*) FROM events), \
            (SELECT COALESCE(MAX(count), 0) FROM event_seals), \
            (SELECT COUNT(*) FROM events_waiting)";
        let rows = self.database.scan(CENSUS, values![]).await?;
        let row = rows.into_iter().next();
        let mut row = row.ok_or(StoreError::Unreadable("events"))?.of_table("events");
        Ok(EventCounts { logged: row.int()?, sealed: row.int()?, waiting: row.int()? })
    }

    /// Reads up to `n` seals from this count on.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn seals(&self, from: u64, n: u32) -> Result<Vec<Seal>, StoreError> {
        const SEALS: &str =
            "SELECT count, head FROM event_seals WHERE count >= $1 ORDER BY count LIMIT $2";
        let rows = self.database.rows(SEALS, values![from, n]).await?;
        rows.into_iter().map(Seal::read).collect()
    }

    /// Reads the last `n` events, newest first, from those that wait and the last seals: a late event of a payment has
    /// an id as old as the payment's.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn last_events(&self, n: u32) -> Result<Vec<EventRow>, StoreError> {
        const WAITING: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM events_waiting w CROSS JOIN events e WHERE e.event = w.event \
             ORDER BY e.made DESC, e.event DESC LIMIT $1"
        );
        const BACK: &str = "SELECT count, head, events FROM event_seals WHERE count < $1 \
            ORDER BY count DESC LIMIT 32";
        let enough = usize::try_from(n).unwrap_or(usize::MAX);
        let mut last = read_all(self.database.rows(WAITING, values![n]).await?)?;
        let mut before = u64::MAX;
        while last.len() < enough {
            let rows = self.database.rows(BACK, values![before]).await?;
            if rows.is_empty() {
                break;
            }
            let mut ids = Vec::new();
            for page in rows.into_iter().map(SealedEvents::read) {
                let page = page?;
                before = page.seal.count;
                // Whole seals: within one, the order is that of the ids.
                ids.extend(page.events);
                if last.len() + ids.len() >= enough {
                    break;
                }
            }
            last.extend(self.events(&ids).await?.into_iter().flatten());
        }
        last.sort_by_key(|event| std::cmp::Reverse((event.at, event.id)));
        // What was sealed between the two queries was read twice.
        last.dedup_by_key(|event| event.id);
        last.truncate(enough);
        Ok(last)
    }

    /// Reads the last `n` events of an account, newest first; those before this one, if one is named. Events of its
    /// payments are found by the payments' ids, from which theirs differ in the last byte.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn events_of(
        &self,
        account: AccountId,
        before: Option<EventId>,
        n: u32,
    ) -> Result<Vec<EventRow>, StoreError> {
        const OF: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM events e WHERE e.account = $1 AND e.event < $2 ORDER BY e.event DESC LIMIT $3"
        );
        const PAYMENTS: &str = "SELECT authorisation FROM authorisations \
            WHERE account = $1 AND authorisation <= $2 ORDER BY authorisation DESC LIMIT $3";
        const EVENTS: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM events e WHERE e.event > $1 AND e.event <= $2 AND e.account IS NULL"
        );
        let enough = usize::try_from(n).unwrap_or(usize::MAX);
        let before = before.map_or([0xff; 16], |event| event.0);
        let mut events = read_all(self.database.rows(OF, values![account.0, before, n]).await?)?;
        let mut up_to = with_last(before, 0xff);
        loop {
            let values = values![account.0, up_to, PAYMENTS_AT_ONCE.min(n)];
            let rows = self.database.rows(PAYMENTS, values).await?;
            let id = |row: Row| row.of_table("authorisations").array();
            let payments = rows.into_iter().map(id).collect::<Result<Vec<[u8; 16]>, _>>()?;
            let Some(oldest) = payments.last().copied() else { break };
            let events_of_payment = |id: &[u8; 16]| {
                Query::new(EVENTS, values![with_last(*id, 0), with_last(*id, 0xff)])
            };
            for rows in
                self.database.query_all(payments.iter().map(events_of_payment).collect()).await?
            {
                events.extend(read_all(rows)?.into_iter().filter(|event| event.id.0 < before));
            }
            // All that are newer than the oldest of these payments are known now.
            let known = events.iter().filter(|event| event.id.0 > oldest).count();
            if known >= enough || payments.len() < PAYMENTS_AT_ONCE.min(n) as usize {
                break;
            }
            up_to = (u128::from_be_bytes(oldest).saturating_sub(1)).to_be_bytes();
        }
        events.sort_by_key(|event| std::cmp::Reverse(event.id));
        events.truncate(enough);
        Ok(events)
    }

    /// Adds an event that belongs to no change of an account.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn append_event(&self, event: EventRow) -> Result<(), StoreError> {
        self.database
            .write(move |transaction| {
                let statements = event.clone().statements().into();
                Box::pin(async move { transaction.write(statements).await })
            })
            .await
    }
}
