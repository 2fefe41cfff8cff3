//! Partitions: made and taken away while payments go on. What needs a lock that payments are in the way of waits for it no
//! longer than a moment, because everything behind it waits as well; whoever asked comes again.

use std::time::Duration;

use super::super::error::StoreError;
use super::super::sql::Statement;
use super::super::transaction::Transaction;
use super::Postgres;
use super::connection::Deadline;
use super::pool::{Object, connection};
use super::transaction::PostgresTransaction;

/// How long a change of partitions waits for a lock. Shorter than the server's `deadlock_timeout`, so that it is never a
/// payment that is given up.
const LOCK_WAIT: &str = "SET LOCAL lock_timeout = '500ms'";

/// How often a change of partitions is tried, and how long those who waited behind it have for themselves in between.
pub(in crate::store) const TRIES: usize = 6;
const PAUSE: Duration = Duration::from_millis(200);

/// A partition that is to be made.
pub(in crate::store) struct NewPartition {
    /// The table that is partitioned.
    pub(in crate::store) parent: &'static str,
    /// The partition's own name.
    pub(in crate::store) name: String,
    /// Which rows belong into it: as the bound of a partition, and as a condition.
    pub(in crate::store) bound: String,
    pub(in crate::store) condition: String,
    /// The storage options of the table, which partitions do not inherit.
    pub(in crate::store) options: &'static str,
}

impl NewPartition {
    /// Gives the statements that make it. It is filled with what stands in the default partition for want of it, which
    /// is locked meanwhile; payments do not touch that one while their own partitions are there.
    fn statements(&self) -> String {
        let Self { parent, name, bound, condition, options } = self;
        format!(
            "LOCK TABLE ONLY {parent} IN SHARE UPDATE EXCLUSIVE MODE; \
             CREATE TABLE {name} (LIKE {parent} INCLUDING DEFAULTS INCLUDING INDEXES){options}; \
             LOCK TABLE {parent}_default IN ACCESS EXCLUSIVE MODE; \
             WITH moved AS (DELETE FROM {parent}_default WHERE {condition} RETURNING *) \
             INSERT INTO {name} SELECT * FROM moved; \
             ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES {bound}"
        )
    }
}

impl Postgres {
    /// Makes a partition; gives `false` if a lock was in the way, or another process that did the same.
    pub(in crate::store) async fn attach(
        &self,
        partition: &NewPartition,
    ) -> Result<bool, StoreError> {
        match self.define(&partition.statements()).await {
            Ok(()) => Ok(true),
            Err(error) if is_worth_another_try(&error) => {
                tokio::time::sleep(PAUSE).await;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Drops a partition with its rows.
    pub(in crate::store) async fn drop_partition(&self, name: &str) -> Result<(), StoreError> {
        self.define(&format!("DROP TABLE IF EXISTS {name}")).await
    }

    /// Changes tables in one transaction.
    async fn define(&self, statements: &str) -> Result<(), StoreError> {
        let connection = connection(&self.pool).await?;
        let text = format!("BEGIN; {LOCK_WAIT}; {statements}; COMMIT");
        let defined = connection.run(&text, Deadline::of_scan()).await;
        if defined.is_err() {
            // Closing it rolls back.
            drop(Object::take(connection));
        }
        defined
    }

    /// Takes partitions out of their tables, which nobody reads or writes meanwhile, and writes these rows in the same
    /// transaction, if `check` finds nothing against it.
    pub(in crate::store) async fn detach(
        &self,
        partitions: &[(&'static str, String)],
        check: impl AsyncFn(&mut dyn Transaction) -> Result<(), StoreError>,
        rows: &[Statement],
    ) -> Result<(), StoreError> {
        let parents: Vec<_> =
            partitions.iter().map(|(parent, _)| format!("ONLY {parent}")).collect();
        let lock =
            format!("{LOCK_WAIT}; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", parents.join(", "));
        let detach = |(parent, name): &(&str, String)| {
            format!("ALTER TABLE {parent} DETACH PARTITION {name}")
        };
        let detach = partitions.iter().map(detach).collect::<Vec<_>>().join("; ");
        let mut tries = 1;
        loop {
            let mut transaction = PostgresTransaction::on(&self.pool).await?;
            let detached = async {
                transaction.define(&lock).await?;
                check(&mut transaction).await?;
                transaction.define(&detach).await?;
                transaction.write(rows.to_vec()).await
            };
            let detached = detached.await;
            match transaction.end(detached).await {
                Err(error) if tries < TRIES && is_worth_another_try(&error) => tries += 1,
                ended => return ended,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Whether it was a lock that was in the way, or another process that did the same.
fn is_worth_another_try(error: &StoreError) -> bool {
    match error {
        StoreError::Unavailable(reason) => reason.contains("55P03"),
        StoreError::Refused(code) => ["42P07", "23505", "42P17"].contains(&code.as_str()),
        error => *error == StoreError::Conflict,
    }
}
