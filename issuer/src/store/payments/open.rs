//! What is not over: found again, and held by one at a time.

use tegata::UnixTime;

use super::super::rows::{Statement, values};
use super::super::{Store, StoreError};
use super::row::{Authorisation, columns};

impl Store {
    /// Up to `n` authorisations that are not over and that nobody has touched since `before`, the oldest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn open_charges(
        &self,
        before: UnixTime,
        n: u32,
    ) -> Result<Vec<Authorisation>, StoreError> {
        const OPEN: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM authorisations WHERE state IN ('authorised', 'charging', 'unknown', 'reversing') \
             AND changed <= $1 ORDER BY changed LIMIT $2"
        );
        let rows = self.database.rows(OPEN, values![before.seconds(), n]).await?;
        rows.into_iter().map(Authorisation::read).collect()
    }

    /// Takes an authorisation for oneself: whoever held it before finds it `Moved`, and nobody finds it untouched for a
    /// while.
    ///
    /// # Errors
    /// `Moved` if someone else did so; those of the database.
    pub async fn hold(
        &self,
        from: Authorisation,
        now: UnixTime,
    ) -> Result<Authorisation, StoreError> {
        const HOLD: &str = "UPDATE authorisations SET changed = $1, version = version + 1 \
            WHERE authorisation = $2 AND version = $3";
        let after = Authorisation { changed: now, version: from.version + 1, ..from.clone() };
        let values = values![now.seconds(), from.id.0, from.version];
        let hold = Statement::new(HOLD, values).or(StoreError::Moved);
        self.database.write_one(hold).await.map(|()| after)
    }
}
