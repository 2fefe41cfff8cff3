//! Partitions of the tables that grow for ever, on PostgreSQL: payments and events by month, the alias index by period.
//! SQLite has none, and keeps everything in its one file.
//!
//! A month is made before it begins. A row whose month is not there is in the default partition, as is one that is
//! written although its month was detached, which must not happen.

use tegata::UnixTime;

use super::Store;
use super::database::Database;
use super::detachment::Detachment;
use super::error::StoreError;
use super::event_row::EventRow;
use super::postgres::{NewPartition, Postgres, TRIES};
use super::sql::{Query, Row, values};
use super::transaction::Transaction;
use crate::domain::{AuthorisationId, EventId, Month};

/// The tables that are partitioned by month, each with its key and the storage options of its partitions.
const MONTHLY: [(&str, &str, &str); 2] =
    [("authorisations", "authorisation", " WITH (fillfactor = 50)"), ("events", "event", "")];

/// The server's code if a role may not do that.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// What a count of stray rows ends at: more is no other alarm.
const STRAYS: u32 = 10_000;

/// A month of payments and events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthPartition {
    /// The month that it holds.
    pub month: Month,
    /// What its tables and their indexes take, in bytes; 0 once they are gone.
    pub bytes: u64,
    /// Whether it is part of the tables.
    pub stage: MonthStage,
}

/// Whether a month is part of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MonthStage {
    /// It is, and is read and written.
    Attached,
    /// It was taken out, with so many payments and events. Its tables stay until somebody drops them.
    Detached {
        /// The number of its payments.
        payments: u64,
        /// The number of its events.
        events: u64,
    },
}

/// Rows that are in no month, counted up to some number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StrayRows {
    /// Rows of months that were not made in time.
    pub without_month: u64,
    /// Rows that were written although their month is detached.
    pub of_detached_months: u64,
}

fn table_name(parent: &str, month: Month) -> String {
    format!("{parent}_{}", month.table_suffix())
}

fn of_month(
    (parent, key, options): (&'static str, &str, &'static str),
    month: Month,
) -> NewPartition {
    let [first, end] = month.ids().map(|id| format!("'\\x{}'", hex::encode(id)));
    NewPartition {
        parent,
        name: table_name(parent, month),
        bound: format!("FROM ({first}) TO ({end})"),
        condition: format!("{key} >= {first} AND {key} < {end}"),
        options,
    }
}

fn of_period(period: u64) -> NewPartition {
    NewPartition {
        parent: "aliases",
        name: format!("aliases_{period}"),
        bound: format!("IN ({period})"),
        condition: format!("period = {period}"),
        options: "",
    }
}

impl Store {
    fn postgres(&self) -> Option<&Postgres> {
        match &*self.database.database {
            Database::Sqlite(_) => None,
            Database::Postgres(postgres) => Some(postgres),
        }
    }

    /// Makes the partitions of this month and the next, unless they are there.
    ///
    /// # Errors
    /// Errors of the database; `Refused` if this role may not make tables.
    pub async fn make_partitions(&self, now: UnixTime) -> Result<(), StoreError> {
        let this = Month::of(now);
        let detached = self.detached_months().await?;
        for month in [this, this.next()] {
            // A clock that is far behind makes no month anew that was detached.
            if !detached.contains(&month) {
                for table in MONTHLY {
                    self.make_partition(&of_month(table, month)).await?;
                }
            }
        }
        Ok(())
    }

    /// Makes the partitions of these periods of the alias index, unless they are there, or this role may not make tables.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn make_alias_partitions(&self, periods: &[u64]) -> Result<(), StoreError> {
        for period in periods {
            match self.make_partition(&of_period(*period)).await {
                Err(StoreError::Refused(code)) if code == INSUFFICIENT_PRIVILEGE => return Ok(()),
                made => made?,
            }
        }
        Ok(())
    }

    async fn make_partition(&self, partition: &NewPartition) -> Result<(), StoreError> {
        let Some(postgres) = self.postgres() else { return Ok(()) };
        for _ in 0..TRIES {
            let is_there = self.partitions_of(partition.parent).await?.contains(&partition.name);
            if is_there || postgres.attach(partition).await? {
                return Ok(());
            }
        }
        Err(StoreError::Conflict)
    }

    /// Drops the partitions of the alias index for periods before this one, but for those that are kept for a prefix
    /// whose periods have another length.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn drop_alias_partitions(&self, before: u64, kept: &[u64]) -> Result<(), StoreError> {
        let Some(postgres) = self.postgres() else { return Ok(()) };
        for name in self.partitions_of("aliases").await? {
            let period = name.strip_prefix("aliases_").and_then(|period| period.parse().ok());
            if period.is_some_and(|period| period < before && !kept.contains(&period)) {
                postgres.drop_partition(&name).await?;
            }
        }
        Ok(())
    }

    /// Names the partitions that belong to a table.
    async fn partitions_of(&self, parent: &'static str) -> Result<Vec<String>, StoreError> {
        const NAMES: &str = "SELECT c.relname::text FROM pg_inherits i \
            JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass($1) \
            ORDER BY c.relname";
        let rows = self.database.rows(NAMES, values![parent.to_owned()]).await?;
        rows.into_iter().map(|row| row.of_table("pg_class").text()).collect()
    }

    /// Lists the months of payments and events, the oldest first.
    ///
    /// # Errors
    /// `NotPartitioned` on SQLite; errors of the database.
    pub async fn month_partitions(&self) -> Result<Vec<MonthPartition>, StoreError> {
        if self.postgres().is_none() {
            return Err(StoreError::NotPartitioned);
        }
        let mut found = Vec::new();
        for detached in self.detachments().await? {
            let Detachment { month, payments, events, .. } = detached;
            found.push((month, MonthStage::Detached { payments, events }));
        }
        for month in self.attached_months().await? {
            found.push((month, MonthStage::Attached));
        }
        found.sort_by_key(|(month, _)| *month);
        let mut partitions = Vec::with_capacity(found.len());
        for (month, stage) in found {
            let bytes = self.bytes_of(month).await?;
            partitions.push(MonthPartition { month, bytes, stage });
        }
        Ok(partitions)
    }

    async fn attached_months(&self) -> Result<Vec<Month>, StoreError> {
        let names = self.partitions_of("authorisations").await?;
        let month = |name: String| {
            name.strip_prefix("authorisations_")?.replace('_', "-").parse::<Month>().ok()
        };
        Ok(names.into_iter().filter_map(month).collect())
    }

    async fn bytes_of(&self, month: Month) -> Result<u64, StoreError> {
        const BYTES: &str = "SELECT COALESCE(pg_total_relation_size(to_regclass($1)), 0) \
            + COALESCE(pg_total_relation_size(to_regclass($2)), 0)";
        let [payments, events] = MONTHLY.map(|(parent, ..)| table_name(parent, month));
        let row = self.database.row(BYTES, values![payments, events]).await?;
        row.ok_or(StoreError::Unreadable("pg_class"))?.int()
    }

    /// Reads what is kept of the months that were detached, the oldest first.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn detachments(&self) -> Result<Vec<Detachment>, StoreError> {
        const ALL: &str = "SELECT month, payments, events, runs, signature FROM detached_months \
            ORDER BY month";
        let rows = self.database.rows(ALL, values![]).await?;
        rows.into_iter().map(Detachment::read).collect()
    }

    /// Names the months that were detached, the oldest first.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn detached_months(&self) -> Result<Vec<Month>, StoreError> {
        const MONTHS: &str = "SELECT month FROM detached_months ORDER BY month";
        let rows = self.database.rows(MONTHS, values![]).await?;
        rows.into_iter().map(month).collect()
    }

    /// Says which detached month a payment is of, if it is of one.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn detached_month_of(
        &self,
        payment: AuthorisationId,
    ) -> Result<Option<Month>, StoreError> {
        self.database.row(DETACHED, values![payment.0]).await?.map(month).transpose()
    }

    /// Counts the payments of a month, and says whether all of them are final. It reads all of them, a day at a time.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn payments_in(&self, month: Month) -> Result<(u64, bool), StoreError> {
        const DAY: &str = "SELECT COUNT(*), COUNT(CASE WHEN state IN \
            ('authorised', 'charging', 'unknown', 'reversing') THEN 1 END) \
            FROM authorisations WHERE authorisation >= $1 AND authorisation < $2";
        let mut payments = 0_u64;
        let mut open = 0_u64;
        let mut from = month.start();
        while from < month.end() {
            let to = from.shifted(24 * 60 * 60);
            let ids = [from, to].map(crate::domain::first_of);
            let rows = self.database.scan(DAY, values![ids[0], ids[1]]).await?;
            let row = rows.into_iter().next();
            let mut row = row.ok_or(StoreError::Unreadable("authorisations"))?;
            payments += row.int::<u64>()?;
            open += row.int::<u64>()?;
            from = to;
        }
        Ok((payments, open == 0))
    }

    /// Takes a month out of the tables of payments and events, and keeps what its record says. `sealed` is the count up to
    /// which the record knows the chain. Payments wait for the moment that it takes, and none of them fails.
    ///
    /// # Errors
    /// `MonthInUse` if something is left to be done in it, or it is not the oldest; `NotPartitioned` on SQLite; errors
    /// of the database. Nothing was changed then.
    pub async fn detach_month(
        &self,
        detachment: &Detachment,
        sealed: u64,
        event: EventRow,
    ) -> Result<(), StoreError> {
        let postgres = self.postgres().ok_or(StoreError::NotPartitioned)?;
        let month = detachment.month;
        match self.attached_months().await?.first() {
            Some(oldest) if *oldest == month => (),
            _ => return Err(StoreError::MonthInUse("it is not the oldest that is there")),
        }
        let partitions = MONTHLY.map(|(parent, ..)| (parent, table_name(parent, month)));
        let rows: Vec<_> = [detachment.statement()].into_iter().chain(event.statements()).collect();
        let check = async |transaction: &mut dyn Transaction| {
            check_settled(transaction, month, sealed).await
        };
        postgres.detach(&partitions, check, &rows).await
    }

    /// Counts the rows that are in no month.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn stray_rows(&self) -> Result<StrayRows, StoreError> {
        const ALL: &str = "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM authorisations_default LIMIT $1) AS a) \
            + (SELECT COUNT(*) FROM (SELECT 1 FROM events_default LIMIT $1) AS e)";
        const DETACHED: &str = "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM authorisations_default, detached_months \
            WHERE first <= authorisation AND authorisation < until LIMIT $1) AS a) \
            + (SELECT COUNT(*) FROM (SELECT 1 FROM events_default, detached_months \
            WHERE first <= event AND event < until LIMIT $1) AS e)";
        if self.postgres().is_none() {
            return Ok(StrayRows::default());
        }
        let count = async |sql| {
            let row = self.database.row(sql, values![STRAYS]).await?;
            row.ok_or(StoreError::Unreadable("pg_class"))?.int::<u64>()
        };
        let of_detached_months = count(DETACHED).await?;
        let without_month = count(ALL).await?.saturating_sub(of_detached_months);
        Ok(StrayRows { without_month, of_detached_months })
    }
}

/// Finds the detached month that an id is of.
const DETACHED: &str = "SELECT month FROM detached_months WHERE first <= $1 AND until > $1";

fn month(row: Row) -> Result<Month, StoreError> {
    let text = row.of_table("detached_months").text()?;
    text.parse().map_err(|_| StoreError::Unreadable("detached_months"))
}

/// Says whether a payment is of a detached month, within a transaction.
pub(super) async fn is_detached(
    transaction: &mut dyn Transaction,
    payment: AuthorisationId,
) -> Result<bool, StoreError> {
    Ok(!transaction.rows(DETACHED, values![payment.0]).await?.is_empty())
}

/// What would still read or write a month, each with what is said of it.
const IN_USE: [(&str, &str); 5] = [
    (
        "SELECT 1 FROM charges_open WHERE authorisation >= $1 AND authorisation < $2 LIMIT 1",
        "a payment of it is not final",
    ),
    (
        "SELECT 1 FROM events_waiting WHERE event >= $1 AND event < $2 LIMIT 1",
        "an event of it waits to be sealed",
    ),
    (
        "SELECT 1 FROM outbox WHERE mail >= $1 AND mail < $2 LIMIT 1",
        "a mail about it waits to be sent",
    ),
    (
        "SELECT 1 FROM events e JOIN accounts a ON a.account = e.account WHERE e.deed = 'closing' \
         AND e.event >= $1 AND e.event < $2 AND a.state LIKE '%\"closing\":_%' \
         AND a.state NOT LIKE '%\"closing\":null%' LIMIT 1",
        "an account whose deletion was asked for in it is still to be deleted",
    ),
    // Ids that lead to a payment, by the number that grows with them.
    (
        "SELECT 1 FROM sales WHERE asked >= $1 AND asked < $2 AND authorisation IS NOT NULL \
         UNION ALL SELECT 1 FROM idempotency \
         WHERE asked >= $1 AND asked < $2 AND authorisation IS NOT NULL LIMIT 1",
        "a till's reference or key still leads to a payment of it",
    ),
];

/// Checks that nothing has to be done in a month any more, and that no event of it was sealed after this count.
async fn check_settled(
    transaction: &mut dyn Transaction,
    month: Month,
    sealed: u64,
) -> Result<(), StoreError> {
    const LATER: &str = "SELECT events FROM event_seals WHERE count > $1 ORDER BY count";
    let [first, end] = month.ids();
    let asked = [month.start(), month.end()].map(AuthorisationId::asked_at);
    let query = |(sql, _): (&'static str, &str)| {
        let is_by_asked = sql.contains("asked");
        let values = if is_by_asked { values![asked[0], asked[1]] } else { values![first, end] };
        Query::new(sql, values)
    };
    let found = transaction.query_all(IN_USE.map(query).into()).await?;
    if let Some(((_, reason), _)) = IN_USE.iter().zip(found).find(|(_, rows)| !rows.is_empty()) {
        return Err(StoreError::MonthInUse(reason));
    }
    for row in transaction.rows(LATER, values![sealed]).await? {
        let events = row.of_table("event_seals").blob()?;
        let mut ids = events.chunks_exact(16).filter_map(|id| id.try_into().ok().map(EventId));
        if ids.any(|event| month.contains(event)) {
            return Err(StoreError::MonthInUse("an event of it was sealed just now: try again"));
        }
    }
    Ok(())
}
