//! Idempotency records and sale numbers, deleted when no till asks for them any more (docs/adr, "Answers are kept for a
//! hundred days").

use tegata::UnixTime;

use super::super::Store;
use super::super::error::StoreError;
use super::super::sql::{Row, values};
use super::attempts::DAY;
use super::authorisation::Authorisation;
use super::request::TillRequest;
use crate::domain::AuthorisationId;

/// Days for which a till gets the same answer to the same key, and at most one payment for the same sale number.
pub const IDEMPOTENCY_DAYS: u64 = 100;

impl Store {
    /// Reads the request that a till made this payment with.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn request_of(&self, of: &Authorisation) -> Result<Option<TillRequest>, StoreError> {
        // The index over `asked` leads to the records of a moment.
        const REQUEST: &str = "SELECT key, hash FROM idempotency \
            WHERE asked = $1 AND till = $2 AND authorisation = $3 AND hash IS NOT NULL";
        let values = values![of.id.asked(), of.till.as_str().to_owned(), of.id.0];
        let row = self.database.row(REQUEST, values).await?;
        let read = |row: Row| {
            let mut row = row.of_table("idempotency");
            Ok(TillRequest { key: row.text()?, hash: row.array()? })
        };
        row.map(read).transpose()
    }

    /// Deletes the keys and sale numbers that tills used more than [`IDEMPOTENCY_DAYS`] days ago. The payments stay.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn drop_idempotency_records(&self, now: UnixTime) -> Result<(), StoreError> {
        const ANY_KEY: &str = "SELECT 1 FROM idempotency WHERE asked < $1 LIMIT 1";
        const KEYS: &str = "DELETE FROM idempotency WHERE (till, key) IN \
            (SELECT till, key FROM idempotency WHERE asked < $1 ORDER BY asked LIMIT $2)";
        const ANY_SALE: &str = "SELECT 1 FROM sales WHERE asked < $1 LIMIT 1";
        const SALES: &str = "DELETE FROM sales WHERE (till, reference) IN \
            (SELECT till, reference FROM sales WHERE asked < $1 ORDER BY asked LIMIT $2)";
        let end = now.seconds().saturating_sub(IDEMPOTENCY_DAYS * DAY);
        let before = UnixTime::new(end).map_or(0, AuthorisationId::asked_at);
        // Keys go first: a key without its sale number would let a payment be made again.
        self.delete_all(ANY_KEY, KEYS, values![before]).await?;
        self.delete_all(ANY_SALE, SALES, values![before]).await
    }
}
