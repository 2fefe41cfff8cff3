//! What is not over: found again, and held by one at a time.

use tegata::UnixTime;

use super::super::Store;
use super::super::error::StoreError;
use super::super::sql::{Query, Row, Statement, values};
use super::authorisation::{Authorisation, BY_ID};

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
        // One after the other: joined, PostgreSQL may go through all payments that there are.
        const OPEN: &str = "SELECT authorisation FROM charges_open WHERE since <= $1 \
            ORDER BY since LIMIT $2";
        let open = self.database.rows(OPEN, values![before.seconds(), n]).await?;
        let read = |row: Row| {
            row.of_table("charges_open").array::<16>().map(|id| Query::new(BY_ID, values![id]))
        };
        let reads = open.into_iter().map(read).collect::<Result<_, _>>()?;
        let rows = self.database.query_all(reads).await?;
        rows.into_iter().flatten().map(Authorisation::read).collect()
    }

    /// Takes an authorisation for oneself: whoever held it before finds it `VersionConflict`, and nobody finds it untouched for a
    /// while.
    ///
    /// # Errors
    /// `VersionConflict` if someone else did so; those of the database.
    pub async fn claim_charge(
        &self,
        from: Authorisation,
        now: UnixTime,
    ) -> Result<Authorisation, StoreError> {
        const HOLD: &str = "UPDATE authorisations SET changed = $1, version = version + 1 \
            WHERE authorisation = $2 AND version = $3";
        const SINCE: &str = "UPDATE charges_open SET since = $1 WHERE authorisation = $2";
        let after = Authorisation { changed: now, version: from.version + 1, ..from.clone() };
        let (now, id) = (now.seconds(), from.id.0);
        // Moved as well if it has ended just now.
        let statements = [(HOLD, values![now, id, from.version]), (SINCE, values![now, id])];
        let statements = statements.map(|(sql, of)| {
            Statement::new(sql, of).error_if_no_rows(StoreError::VersionConflict).single_row()
        });
        let taken = self.database.write_batched(move |transaction| {
            let statements = statements.clone().into();
            Box::pin(async move { transaction.write_last(statements).await })
        });
        taken.await.map(|()| after)
    }
}
