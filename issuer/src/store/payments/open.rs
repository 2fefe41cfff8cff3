//! Payments that are not final: found again, and worked on by one process at a time.

use tegata::UnixTime;

use super::super::Store;
use super::super::error::StoreError;
use super::super::sql::{Query, Row, Statement, values};
use super::authorisation::{Authorisation, BY_ID};

impl Store {
    /// Reads up to `n` authorisations that are not final and that no process has claimed since `before`, the longest
    /// unclaimed first.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn open_charges(
        &self,
        before: UnixTime,
        n: u32,
    ) -> Result<Vec<Authorisation>, StoreError> {
        // In two steps: after a join, PostgreSQL may scan all payments.
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

    /// Claims an authorisation: a process that worked on it before gets `VersionConflict`, and no other finds it
    /// unclaimed for a while.
    ///
    /// # Errors
    /// `VersionConflict` if another process did so; those of the database.
    pub async fn claim_charge(
        &self,
        from: Authorisation,
        now: UnixTime,
    ) -> Result<Authorisation, StoreError> {
        const CLAIM: &str = "UPDATE authorisations SET changed = $1, version = version + 1 \
            WHERE authorisation = $2 AND version = $3";
        const SINCE: &str = "UPDATE charges_open SET since = $1 WHERE authorisation = $2";
        let after = Authorisation { changed: now, version: from.version + 1, ..from.clone() };
        let seconds = now.seconds();
        let id = from.id.0;
        let statement = |sql, values| {
            Statement::new(sql, values).error_if_no_rows(StoreError::VersionConflict).single_row()
        };
        // It conflicts as well if it has become final just now.
        let statements = [
            statement(CLAIM, values![seconds, id, from.version]),
            statement(SINCE, values![seconds, id]),
        ];
        let claimed = self.database.write_batched(move |transaction| {
            let statements = statements.clone().into();
            Box::pin(async move { transaction.write_last(statements).await })
        });
        claimed.await.map(|()| after)
    }
}
