//! The issuer's wrapped keys, and the rows that are re-encrypted when one of them is replaced. How they are used is for
//! [`crypto`](crate::crypto).

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
    /// The account that it is of.
    pub account: AccountId,
    /// Its number in the account's state.
    pub secret: SecretId,
    /// What the secret is for.
    pub kind: SecretKind,
    /// The secret as it is stored.
    pub sealed: Sealed,
}

/// A payment seed that is sealed under an older key.
#[derive(Clone, Debug)]
pub struct SeedRow {
    /// The account that it is of.
    pub account: AccountId,
    /// The credential's id, by which it is found.
    pub credential: CredentialId,
    /// The seed as it is stored.
    pub seed: SealedSeed,
}

impl Store {
    /// Reads all keys, by number.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn keys(&self) -> Result<Vec<WrappedKey>, StoreError> {
        const KEYS: &str = "SELECT number, wrapped FROM keys ORDER BY number";
        let read = |row: Row| {
            let mut row = row.of_table("keys");
            Ok(WrappedKey { number: row.int()?, wrapped: row.blob()? })
        };
        self.database.rows(KEYS, values![]).await?.into_iter().map(read).collect()
    }

    /// Adds keys whose numbers are free; the others stay as they are, so that of two processes that start at once both
    /// use the same keys.
    ///
    /// # Errors
    /// Errors of the database.
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

    /// Replaces the wrappings of these keys, all or none.
    ///
    /// # Errors
    /// `Unreadable` if one of them has changed; those of the database.
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

    /// Reads up to `n` secrets sealed under keys before this one, in order, after this place.
    ///
    /// # Errors
    /// Errors of the database.
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
        let rows = self.database.scan(PAGE, values![account, secret, key, n]).await?;
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

    /// Replaces secrets by their re-encryption, except those that have changed since they were read.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn reencrypt_secrets(
        &self,
        pairs: Vec<(SealedRow, Sealed)>,
    ) -> Result<(), StoreError> {
        const REENCRYPT: &str = "UPDATE secrets SET key = $1, sealed = $2 \
            WHERE account = $3 AND secret = $4 AND sealed = $5";
        self.database
            .write(move |transaction| {
                let replace = |(old, new): &(SealedRow, Sealed)| {
                    let new = new.clone();
                    let before = old.sealed.bytes.clone();
                    let place = (old.account.0, old.secret.0);
                    Statement::new(REENCRYPT, values![new.key, new.bytes, place.0, place.1, before])
                };
                let statements = pairs.iter().map(replace).collect();
                Box::pin(async move { transaction.write(statements).await })
            })
            .await
    }

    /// Reads up to `n` payment seeds sealed under keys before this one, in the order of their credentials, after this
    /// one.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn seeds_sealed_before(
        &self,
        key: u8,
        after: Option<CredentialId>,
        n: u32,
    ) -> Result<Vec<SeedRow>, StoreError> {
        const PAGE: &str = "SELECT account, credential, key, seed, alias_key FROM credentials \
            WHERE credential > $1 AND key < $2 ORDER BY credential LIMIT $3";
        let after = after.map_or([0; 16], |credential| credential.0);
        let rows = self.database.scan(PAGE, values![after, key, n]).await?;
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

    /// Replaces seeds by their re-encryption, except those that have changed since they were read.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn reencrypt_seeds(
        &self,
        pairs: Vec<(SeedRow, SealedSeed)>,
    ) -> Result<(), StoreError> {
        const REENCRYPT: &str = "UPDATE credentials SET key = $1, seed = $2, alias_key = $3 \
            WHERE credential = $4 AND seed = $5";
        self.database
            .write(move |transaction| {
                let replace = |(old, new): &(SeedRow, SealedSeed)| {
                    let SealedSeed { key, seed, alias_key } = new.clone();
                    let before = old.seed.seed.clone();
                    Statement::new(
                        REENCRYPT,
                        values![key, seed, alias_key, old.credential.0, before],
                    )
                };
                let statements = pairs.iter().map(replace).collect();
                Box::pin(async move { transaction.write(statements).await })
            })
            .await
    }

    /// Deletes a key that nothing is sealed under and no process seals with; `false`, with nothing deleted, if something
    /// is or one does.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn retire_key(&self, number: u8) -> Result<bool, StoreError> {
        const IN_USE: &str = "SELECT 1 FROM secrets WHERE key = $1 UNION ALL \
            SELECT 1 FROM outbox WHERE key = $1 UNION ALL \
            SELECT 1 FROM processes WHERE key <= $1 UNION ALL \
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
