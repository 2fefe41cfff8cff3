//! What is not over: found again, and held by one at a time.

use tegata::UnixTime;

use super::super::rows::{Statement, values};
use super::super::{Store, StoreError};
use super::row::{Authorisation, columns};

impl Store {
    /// Up to `n` authorisations that are not over and that nobody has taken for himself since `before`: those that wait
    /// longest.
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
            " FROM authorisations WHERE authorisation IN (SELECT o.authorisation FROM charges_open o \
             WHERE o.since <= $1 ORDER BY o.since LIMIT $2)"
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
        const SINCE: &str = "UPDATE charges_open SET since = $1 WHERE authorisation = $2";
        let after = Authorisation { changed: now, version: from.version + 1, ..from.clone() };
        let hold = values![now.seconds(), from.id.0, from.version];
        let hold = Statement::new(HOLD, hold).or(StoreError::Moved).of_row();
        let since = Statement::new(SINCE, values![now.seconds(), from.id.0]);
        // It may have ended just now.
        let statements = vec![hold, since.or(StoreError::Moved).of_row()];
        let done = self.database.write_together(move |transaction| {
            let statements = statements.clone();
            Box::pin(async move { transaction.write(statements).await })
        });
        done.await.map(|()| after)
    }
}
