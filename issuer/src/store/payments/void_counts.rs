//! Voids at tills, counted for the report from the lines of the log.

use super::super::Store;
use super::super::error::StoreError;
use super::super::sql::{Row, values};
use super::idempotency::IDEMPOTENCY_DAYS;
use super::report::TimeSpan;
use crate::domain::first_of;

/// Voids that one till, or one manager at a till, asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoidCount {
    /// Who asked, as the log names them: `till ID`, or `till ID, manager NAME`.
    pub by: String,
    /// How many payments were voided.
    pub count: u64,
}

impl Store {
    /// Counts the voids that tills asked for in this span, most first, for up to `n` tills and managers.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn voids_at_tills(
        &self,
        span: TimeSpan,
        n: u32,
    ) -> Result<Vec<VoidCount>, StoreError> {
        // An event of a payment has the payment's time in its id, and a payment is voided within that many days.
        const COUNT: &str = "SELECT actor, COUNT(*) AS times FROM events \
            WHERE event >= $1 AND made >= $2 AND made < $3 AND account IS NULL \
            AND deed IN ('payment_voided', 'payment_reversing') AND actor LIKE 'till %' \
            GROUP BY actor ORDER BY times DESC, actor LIMIT $4";
        let days = i64::try_from(IDEMPOTENCY_DAYS).unwrap_or_default();
        let from = first_of(span.since.shifted(-days * 24 * 60 * 60));
        let values = values![from, span.since.seconds(), span.until.seconds(), n];
        let read = |row: Row| {
            let mut row = row.of_table("events");
            Ok(VoidCount { by: row.text()?, count: row.int()? })
        };
        self.database.scan(COUNT, values).await?.into_iter().map(read).collect()
    }
}
