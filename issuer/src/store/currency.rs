//! The currency of a store's payments, which the first service that starts on it sets for good.

use super::Store;
use super::error::StoreError;
use super::sql::{Statement, values};

const READ: &str = "SELECT currency FROM store_currency WHERE one = 1";

impl Store {
    /// Gives the currency that the store's payments are in. The first call sets it, also among several processes.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn remember_currency(&self, currency: &str) -> Result<String, StoreError> {
        const SET: &str =
            "INSERT INTO store_currency (one, currency) VALUES (1, $1) ON CONFLICT DO NOTHING";
        if let Some(row) = self.database.row(READ, values![]).await? {
            return row.of_table("store_currency").text();
        }
        self.database.write_one(Statement::new(SET, values![currency.to_owned()])).await?;
        let row = self.database.row(READ, values![]).await?;
        row.ok_or(StoreError::Unreadable("store_currency"))?.of_table("store_currency").text()
    }
}
