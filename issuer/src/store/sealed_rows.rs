//! The issuer's keys as rows, wrapped, and the rows that are sealed anew when one of them is replaced. What they are
//! is [`keys`](crate::crypto)'s.

use tegata::code::CredentialId;
use tegata_policy::{SecretId, SecretKind};

use super::Store;
use super::error::StoreError;
use super::sealed_columns::{kind, sealed, sealed_seed};
use super::sql::{Row, Statement, values};
use crate::domain::{AccountId, Sealed, SealedSeed, WrappedKey};

/// A secret that is sealed under an older key.
#[derive(Clone, Debug)]
pub struct SealedRow {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub secret: SecretId,
    /// What it is.
    pub kind: SecretKind,
    /// As it stands.
    pub sealed: Sealed,
}

/// A payment seed that is sealed under an older key.
#[derive(Clone, Debug)]
pub struct SeedRow {
    /// Whose.
    pub account: AccountId,
    /// Of which credential.
    pub credential: CredentialId,
    /// As it stands.
    pub seed: SealedSeed,
}

impl Store {
    /// All keys, by number.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn keys(&self) -> Result<Vec<WrappedKey>, StoreError> {
        const KEYS: &str = "SELECT number, wrapped FROM keys ORDER BY number";
        let read = |row: Row| {
            let mut row = row.of_table("keys");
            Ok(WrappedKey { number: row.int()?, wrapped: row.blob()? })
        };
        self.database.rows(KEYS, values![]).await?.into_iter().map(read).collect()
    }

    /// Adds keys whose numbers are free; the others stay as they are: of two processes that both begin, one's count.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn add_keys(&self, keys: Vec<WrappedKey>) -> Result<(), StoreError> {
        const ADD: &str =
            "INSERT INTO keys (number, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.database
            .write(move |transaction| {
                let add = |key: &WrappedKey| {
                    Statement::new(ADD, values![key.number, key.wrapped.clone()])
                };
                let statements = keys.iter().map(add).collect();
                Box::pin(async move { transaction.write(statements).await })
            })
            .await
    }

    /// Puts other wrappings in the place of these, all or none.
    ///
    /// # Errors
    /// `Unreadable` if one of them is no longer what it was; those of the database.
    pub async fn rewrap_keys(&self, pairs: Vec<(WrappedKey, Vec<u8>)>) -> Result<(), StoreError> {
        const REWRAP: &str = "UPDATE keys SET wrapped = $1 WHERE number = $2 AND wrapped = $3";
        self.database
            .write(move |transaction| {
                let rewrap = |(old, new): &(WrappedKey, Vec<u8>)| {
                    let values = values![new.clone(), old.number, old.wrapped.clone()];
                    Statement::new(REWRAP, values).error_if_no_rows(StoreError::Unreadable("keys"))
                };
                let statements = pairs.iter().map(rewrap).collect();
                Box::pin(async move { transaction.write(statements).await })
            })
            .await
    }

    /// Up to `n` secrets sealed under keys before this one, in order, after this place.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn secrets_sealed_before(
        &self,
        key: u8,
        after: Option<(AccountId, SecretId)>,
        n: u32,
    ) -> Result<Vec<SealedRow>, StoreError> {
        const PAGE: &str = "SELECT account, secret, kind, key, sealed FROM secrets \
            WHERE (account, secret) > ($1, $2) AND key > 0 AND key < $3 \
            ORDER BY account, secret LIMIT $4";
        let (account, secret) =
            after.map_or(([0; 16], -1_i64), |(account, secret)| (account.0, secret.0.into()));
        let rows = self.database.rows(PAGE, values![account, secret, key, n]).await?;
        let read = |row: Row| {
            let mut row = row.of_table("secrets");
            Ok(SealedRow {
                account: AccountId(row.array()?),
                secret: SecretId(row.int()?),
                kind: kind(&mut row)?,
                sealed: sealed(&mut row)?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Puts these, sealed anew, in the place of what stands there, wherever that is still what was read.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn reencrypt_secrets(
        &self,
        pairs: Vec<(SealedRow, Sealed)>,
    ) -> Result<(), StoreError> {
        const RESEAL: &str = "UPDATE secrets SET key = $1, sealed = $2 \
            WHERE account = $3 AND secret = $4 AND sealed = $5";
        self.database
            .write(move |transaction| {
                let reseal = |(old, new): &(SealedRow, Sealed)| {
                    let new = new.clone();
                    let before = old.sealed.bytes.clone();
                    let place = (old.account.0, old.secret.0);
                    Statement::new(RESEAL, values![new.key, new.bytes, place.0, place.1, before])
                };
                let statements = pairs.iter().map(reseal).collect();
                Box::pin(async move { transaction.write(statements).await })
            })
            .await
    }

    /// Up to `n` payment seeds sealed under keys before this one, in the order of their credentials, after this one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn seeds_sealed_before(
        &self,
        key: u8,
        after: Option<CredentialId>,
        n: u32,
    ) -> Result<Vec<SeedRow>, StoreError> {
        const PAGE: &str = "SELECT account, credential, key, seed, alias_key FROM credentials \
            WHERE credential > $1 AND key < $2 ORDER BY credential LIMIT $3";
        let after = after.map_or([0; 16], |credential| credential.0);
        let rows = self.database.rows(PAGE, values![after, key, n]).await?;
        let read = |row: Row| {
            let mut row = row.of_table("credentials");
            Ok(SeedRow {
                account: AccountId(row.array()?),
                credential: CredentialId(row.array()?),
                seed: sealed_seed(&mut row)?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Puts these, sealed anew, in the place of what stands there, wherever that is still what was read.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn reencrypt_seeds(
        &self,
        pairs: Vec<(SeedRow, SealedSeed)>,
    ) -> Result<(), StoreError> {
        const RESEAL: &str = "UPDATE credentials SET key = $1, seed = $2, alias_key = $3 \
            WHERE credential = $4 AND seed = $5";
        self.database
            .write(move |transaction| {
                let reseal = |(old, new): &(SeedRow, SealedSeed)| {
                    let SealedSeed { key, seed, alias_key } = new.clone();
                    let before = old.seed.seed.clone();
                    Statement::new(RESEAL, values![key, seed, alias_key, old.credential.0, before])
                };
                let statements = pairs.iter().map(reseal).collect();
                Box::pin(async move { transaction.write(statements).await })
            })
            .await
    }

    /// Drops a key that nothing is sealed under any more; `false`, and nothing dropped, if something is.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn retire_key(&self, number: u8) -> Result<bool, StoreError> {
        const IN_USE: &str = "SELECT 1 FROM secrets WHERE key = $1 UNION ALL \
            SELECT 1 FROM outbox WHERE key = $1 UNION ALL \
            SELECT 1 FROM credentials WHERE key = $1 LIMIT 1";
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    if !transaction.rows(IN_USE, values![number]).await?.is_empty() {
                        return Ok(false);
                    }
                    let drop =
                        Statement::new("DELETE FROM keys WHERE number = $1", values![number]);
                    transaction.write(vec![drop]).await?;
                    Ok(true)
                })
            })
            .await
    }
}
