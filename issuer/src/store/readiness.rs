//! What shows that the store works.

use tegata::UnixTime;

use super::Store;
use super::error::StoreError;
use super::sql::values;

impl Store {
    /// Writes something, and waits until it is on the disk: it changes nothing.
    ///
    /// # Errors
    /// Those of the database: it is full, read-only, or not there.
    pub(crate) async fn check_writable(&self) -> Result<(), StoreError> {
        self.write_one("UPDATE standing SET stopped = stopped WHERE one = 1", values![]).await
    }

    /// Gives the time of the newest line of the log; `None` of an empty one.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn newest_event(&self) -> Result<Option<UnixTime>, StoreError> {
        let newest = "SELECT made FROM events ORDER BY event DESC LIMIT 1";
        let row = self.database.row(newest, values![]).await?;
        let unreadable = StoreError::Unreadable("events");
        row.map(|row| UnixTime::new(row.of_table("events").int()?).map_err(|_| unreadable))
            .transpose()
    }
}
