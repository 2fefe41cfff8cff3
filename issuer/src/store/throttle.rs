//! Attempts, counted for rate limits.

use std::time::Duration;

use tegata::UnixTime;
use tegata_policy::limits::{AttemptLimit, RecentAttempts};

use super::Store;
use super::error::StoreError;
use super::sql::{Statement, values};
use crate::domain::ThrottleKey;

impl Store {
    /// Takes one of the attempts that a rate limit allows; gives how long to wait if none is left.
    ///
    /// # Errors
    /// Errors of the database; callers treat them as "none left".
    pub async fn take_attempt(
        &self,
        key: ThrottleKey,
        limit: AttemptLimit,
        now: UnixTime,
    ) -> Result<Option<Duration>, StoreError> {
        const MAKE: &str =
            "INSERT INTO throttle (key, taken, until) VALUES ($1, '[]', 0) ON CONFLICT DO NOTHING";
        const READ: &str = "SELECT taken FROM throttle WHERE key = $1";
        const KEEP: &str = "UPDATE throttle SET taken = $1, until = $2 WHERE key = $3";
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let make = Statement::new(MAKE, values![key.0]);
                    transaction.write(vec![make]).await?;
                    let rows = transaction.rows_for_update(READ, values![key.0]).await?;
                    // Another process pruned it between the two: no attempt is given away.
                    let row = rows.into_iter().next().ok_or(StoreError::Unavailable("busy"))?;
                    let unreadable = |_| StoreError::Unreadable("throttle");
                    let text = row.of_table("throttle").text()?;
                    let mut used: RecentAttempts =
                        serde_json::from_str(&text).map_err(unreadable)?;
                    let wait = used.take_or_wait(limit, now).err().map(Duration::from_secs);
                    let text = serde_json::to_string(&used).map_err(unreadable)?;
                    let until = used.expires_at(limit).seconds();
                    let keep = Statement::new(KEEP, values![text, until, key.0]);
                    transaction.write(vec![keep]).await?;
                    Ok(wait)
                })
            })
            .await
    }

    /// Deletes the attempts of limits that have run out.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn prune_throttle(&self, now: UnixTime) -> Result<(), StoreError> {
        self.write_one("DELETE FROM throttle WHERE until <= $1", values![now.seconds()]).await
    }
}
