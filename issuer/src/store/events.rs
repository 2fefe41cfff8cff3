//! The event log as rows, and the chain of hashes behind it. What the chain proves, and how it is checked, is
//! [`audit`](crate::audit)'s.

use super::account::EventRow;
use super::rows::{Row, Statement, values};
use super::{AccountId, EventId, Store, StoreError};
use crate::audit;

/// How far the log is sealed: so many events, the last of which gave this hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Events up to here.
    pub count: u64,
    /// The hash over all of them.
    pub head: [u8; 32],
}

impl Seal {
    fn read(row: Row) -> Result<Self, StoreError> {
        let mut row = row.of("event_seals");
        Ok(Self { count: row.int()?, head: row.array()? })
    }
}

const UNSEALED: &str = "SELECT event, account, deed, actor, made, detail FROM events \
    WHERE place IS NULL ORDER BY event LIMIT $1";

impl Store {
    /// Seals up to `n` events that were not yet; gives how far the log is sealed, and how many were.
    ///
    /// Events get their place in the chain here, behind those who wrote them, by their ids as far as those are
    /// committed. Two processes that seal at once both try to write the same seal: one of them does, the other is
    /// refused and tries again.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn seal(&self, n: u32) -> Result<(Seal, usize), StoreError> {
        const LAST: &str = "SELECT count, head FROM event_seals ORDER BY count DESC LIMIT 1";
        const PLACE: &str = "UPDATE events SET place = $1 WHERE event = $2 AND place IS NULL";
        const SEAL: &str = "INSERT INTO event_seals (count, head) VALUES ($1, $2)";
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    // The row of what holds for all is the lock of those who seal.
                    transaction.lock("SELECT one FROM standing WHERE one = 1", values![]).await?;
                    let last = transaction.rows(LAST, values![]).await?;
                    let last = last.into_iter().next().map(Seal::read).transpose()?;
                    let last = last.unwrap_or_else(audit::beginning);
                    let rows = transaction.rows(UNSEALED, values![n]).await?;
                    let mut statements = Vec::new();
                    let mut seal = last;
                    for row in rows {
                        let event = EventRow::read(&mut row.of("events"))?;
                        seal = audit::link(&seal, &event);
                        let place = Statement::new(PLACE, values![seal.count, event.id.0]);
                        // Each by itself: joined with a page of values, the index over what is not sealed would be read from end
                        // to end for each of them.
                        statements.push(place.or(StoreError::Unreadable("events")));
                    }
                    let sealed = statements.len();
                    if sealed > 0 {
                        statements.push(Statement::new(SEAL, values![seal.count, seal.head]));
                    }
                    transaction.write(statements).await?;
                    Ok((seal, sealed))
                })
            })
            .await
    }

    /// Up to `n` sealed events after this place of the chain, with their places.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sealed_events(
        &self,
        after: u64,
        n: u32,
    ) -> Result<Vec<(u64, EventRow)>, StoreError> {
        const PAGE: &str = "SELECT place, event, account, deed, actor, made, detail FROM events \
            WHERE place > $1 ORDER BY place LIMIT $2";
        let rows = self.database.rows(PAGE, values![after, n]).await?;
        let read = |row: Row| {
            let mut row = row.of("events");
            Ok((row.int()?, EventRow::read(&mut row)?))
        };
        rows.into_iter().map(read).collect()
    }

    /// Up to `n` events that are not sealed yet.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn unsealed_events(&self, n: u32) -> Result<Vec<EventRow>, StoreError> {
        let rows = self.database.rows(UNSEALED, values![n]).await?;
        rows.into_iter().map(|row| EventRow::read(&mut row.of("events"))).collect()
    }

    /// Up to `n` seals from this count on.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn seals(&self, from: u64, n: u32) -> Result<Vec<Seal>, StoreError> {
        const PAGE: &str =
            "SELECT count, head FROM event_seals WHERE count >= $1 ORDER BY count LIMIT $2";
        let rows = self.database.rows(PAGE, values![from, n]).await?;
        rows.into_iter().map(Seal::read).collect()
    }

    /// The last `n` events of an account, newest first; of those before this one, if it is named.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn events_of(
        &self,
        account: AccountId,
        before: Option<EventId>,
        n: u32,
    ) -> Result<Vec<EventRow>, StoreError> {
        const OF: &str = "SELECT event, account, deed, actor, made, detail FROM events \
            WHERE account = $1 AND event < $2 ORDER BY event DESC LIMIT $3";
        let before = before.map_or([0xff; 16], |event| event.0);
        let rows = self.database.rows(OF, values![account.0, before, n]).await?;
        rows.into_iter().map(|row| EventRow::read(&mut row.of("events"))).collect()
    }

    /// Adds a line that belongs to no change of an account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn log(&self, event: EventRow) -> Result<(), StoreError> {
        self.database
            .write(move |transaction| {
                let statement = event.clone().statement();
                Box::pin(async move { transaction.write(vec![statement]).await })
            })
            .await
    }
}
