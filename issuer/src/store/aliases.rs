//! The alias index: filled page by page for a coming period, deleted for past ones.

use tegata::code::{Alias, CredentialId, Prefix, Scheme};

use super::Store;
use super::credentials::{alias_statement, scheme};
use super::error::StoreError;
use super::sql::{Row, Statement, values};
use crate::domain::{AccountId, Sealed};

/// How far the alias index of a period is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexProgress {
    /// The last credential that is in it. Ids sort by when they were made.
    pub up_to: CredentialId,
    /// Whether all credentials that existed are in it.
    pub is_complete: bool,
}

/// A credential's alias key, which its aliases are derived from.
#[derive(Clone, Debug)]
pub struct AliasRow {
    /// The credential's id in the index.
    pub id: CredentialId,
    /// The account that it is of.
    pub account: AccountId,
    /// The alias key, sealed for [`SealingContext::AliasKey`](crate::crypto::SealingContext::AliasKey).
    pub alias_key: Sealed,
}

impl Store {
    /// Adds a prefix of codes, and gives all that this issuer ever used: a prefix keeps the alias period that it was
    /// first used with.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn add_scheme(&self, scheme: Scheme) -> Result<Vec<Scheme>, StoreError> {
        const ADD: &str =
            "INSERT INTO prefixes (prefix, period) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let period = scheme.alias_period.seconds();
        self.write_one(ADD, values![scheme.prefix.to_string(), period]).await?;
        self.schemes().await
    }

    /// Reads all prefixes, each with its alias period.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn schemes(&self) -> Result<Vec<Scheme>, StoreError> {
        const ALL: &str = "SELECT prefix, period FROM prefixes ORDER BY prefix";
        let rows = self.database.rows(ALL, values![]).await?;
        rows.into_iter().map(|row| scheme(&mut row.of_table("prefixes"))).collect()
    }

    /// Counts the credentials under a prefix that are not void for good, no further than `most`.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn credentials_under(&self, prefix: &Prefix, most: u64) -> Result<u64, StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM credentials WHERE prefix = $1 \
            AND key IS NOT NULL LIMIT $2) AS counted";
        let unreadable = StoreError::Unreadable("credentials");
        let rows = self.database.scan(COUNT, values![prefix.to_string(), most]).await?;
        let row = rows.into_iter().next().ok_or(unreadable)?;
        row.of_table("credentials").int()
    }

    /// Reads how far the index of this period is filled; `None` if that has not begun.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn alias_index_progress(
        &self,
        prefix: &Prefix,
        period: u64,
    ) -> Result<Option<IndexProgress>, StoreError> {
        const FILL: &str = "SELECT up_to, whole FROM alias_fills WHERE prefix = $1 AND period = $2";
        let row = self.database.row(FILL, values![prefix.to_string(), period]).await?;
        let read = |row: Row| {
            let mut row = row.of_table("alias_fills");
            Ok(IndexProgress {
                up_to: CredentialId(row.array()?),
                is_complete: row.int::<u8>()? == 1,
            })
        };
        row.map(read).transpose()
    }

    /// Reads up to `n` credentials of a prefix after this one, in order, without those that are void for good.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn alias_keys(
        &self,
        prefix: &Prefix,
        after: CredentialId,
        n: u32,
    ) -> Result<Vec<AliasRow>, StoreError> {
        const PAGE: &str = "SELECT credential, account, key, alias_key FROM credentials \
            WHERE prefix = $1 AND credential > $2 AND key IS NOT NULL ORDER BY credential LIMIT $3";
        let rows = self.database.rows(PAGE, values![prefix.to_string(), after.0, n]).await?;
        let read = |row: Row| {
            let mut row = row.of_table("credentials");
            Ok(AliasRow {
                id: CredentialId(row.array()?),
                account: AccountId(row.array()?),
                alias_key: Sealed { key: row.int()?, bytes: row.blob()? },
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Writes aliases of a period, and how far it is filled with them. Existing rows stay, so that several processes
    /// may fill one period, and one may fill it again.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn fill_aliases(
        &self,
        prefix: Prefix,
        period: u64,
        aliases: Vec<(CredentialId, Alias)>,
        progress: IndexProgress,
    ) -> Result<(), StoreError> {
        const MARK: &str = "INSERT INTO alias_fills (prefix, period, up_to, whole) \
            VALUES ($1, $2, $3, $4) ON CONFLICT (prefix, period) DO UPDATE SET \
            up_to = CASE WHEN excluded.up_to > alias_fills.up_to THEN excluded.up_to \
                ELSE alias_fills.up_to END, \
            whole = CASE WHEN excluded.whole > alias_fills.whole THEN excluded.whole \
                ELSE alias_fills.whole END";
        self.database
            .write(move |transaction| {
                let name = prefix.to_string();
                let rows =
                    aliases.iter().map(|(id, alias)| alias_statement(&name, period, *alias, *id));
                let mut statements: Vec<Statement> = rows.collect();
                let mark = values![name, period, progress.up_to.0, u8::from(progress.is_complete)];
                statements.push(Statement::new(MARK, mark));
                Box::pin(async move { transaction.write(statements).await })
            })
            .await
    }

    /// Deletes the aliases of periods before this one, about a thousand in each transaction.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn drop_aliases(&self, prefix: Prefix, before: u64) -> Result<(), StoreError> {
        const ANY: &str = "SELECT 1 FROM aliases WHERE prefix = $1 AND period < $2 LIMIT 1";
        const DROP: &str = "DELETE FROM aliases WHERE (prefix, period, alias, credential) IN \
            (SELECT prefix, period, alias, credential FROM aliases \
            WHERE prefix = $1 AND period < $2 ORDER BY period LIMIT $3)";
        const FILLS: &str = "DELETE FROM alias_fills WHERE prefix = $1 AND period < $2";
        let prefix = prefix.to_string();
        self.delete_all(ANY, DROP, values![prefix.clone(), before]).await?;
        self.write_one(FILLS, values![prefix, before]).await
    }
}
