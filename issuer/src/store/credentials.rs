//! Payment credentials: added with a change of the account, found by their aliases.

use tegata::UnixTime;
use tegata::code::{Alias, AliasPeriod, CredentialId, Scheme, Step};
use tegata_policy::{Account, CredentialNumber, SpendingCredential};

use super::Store;
use super::error::StoreError;
use super::sealed_columns::sealed_seed;
use super::sql::{Row, Statement, values};
use crate::domain::{AccountId, RequestId, Sealed, SealedSeed};

/// A credential to add.
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// The credential's id, by which it is found.
    pub id: CredentialId,
    /// Its number in the account's state.
    pub number: CredentialNumber,
    /// The prefix of its codes, with the alias period.
    pub scheme: Scheme,
    /// The seed that its codes are derived from, sealed.
    pub seed: SealedSeed,
    /// The id of the request that made it.
    pub request: RequestId,
    /// SHA-256 of that request's body.
    pub request_hash: [u8; 32],
    /// When it was made.
    pub made: UnixTime,
    /// Its aliases, each with the number of its period.
    pub aliases: Vec<(u64, Alias)>,
}

/// The credential that the same request made before.
#[derive(Clone, Debug)]
pub struct PriorCredential {
    /// The credential's id, by which it is found.
    pub id: CredentialId,
    /// Its number in the account's state.
    pub number: CredentialNumber,
    /// The prefix of its codes, with the alias period.
    pub scheme: Scheme,
    /// SHA-256 of the request's body.
    pub request_hash: [u8; 32],
    /// Its seed, sealed; `None` once it is void for good.
    pub seed: Option<SealedSeed>,
}

/// A credential that the alias index leads to.
#[derive(Clone, Debug)]
pub struct IndexedCredential {
    /// The credential's id, by which it is found.
    pub id: CredentialId,
    /// The account that it is of.
    pub account: AccountId,
    /// Its number in the account's state. Whether the account pays with it is in another row.
    pub number: CredentialNumber,
    /// Its seed, sealed for [`SealingContext::Seed`](crate::crypto::SealingContext::Seed).
    pub seed: Sealed,
}

impl NewCredential {
    pub(super) fn statements(self, account: AccountId, to: &mut Vec<Statement>) {
        const INSERT: &str = "INSERT INTO credentials (credential, account, number, prefix, period, \
            key, seed, alias_key, request, request_hash, made) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let prefix = self.scheme.prefix.to_string();
        let period = self.scheme.alias_period.seconds();
        let SealedSeed { key, seed, alias_key } = self.seed;
        to.push(Statement::new(
            INSERT,
            values![
                self.id.0,
                account.0,
                self.number.0,
                prefix.clone(),
                period,
                key,
                seed,
                alias_key,
                self.request.0,
                self.request_hash,
                self.made.seconds(),
            ],
        ));
        for (period, alias) in self.aliases {
            to.push(alias_statement(&prefix, period, alias, self.id));
        }
    }
}

pub(super) fn alias_statement(
    prefix: &str,
    period: u64,
    alias: Alias,
    id: CredentialId,
) -> Statement {
    const INSERT: &str = "INSERT INTO aliases (prefix, period, alias, credential) \
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    Statement::new(INSERT, values![prefix.to_owned(), period, alias.value(), id.0])
}

/// Gives the alias periods of the steps whose codes are accepted now.
pub(super) fn periods_of(scheme: &Scheme, now: UnixTime) -> [Option<u64>; 3] {
    Step::at(now).acceptance_window().map(|step| step.map(|step| scheme.alias_period.index(step)))
}

/// Adds the statements for what a new state says about paying, where that differs from the state before.
pub(super) fn payer_statements(
    account: AccountId,
    before: &Account,
    after: &Account,
    to: &mut Vec<Statement>,
) {
    const VOID: &str = "UPDATE credentials SET key = NULL, seed = NULL, alias_key = NULL \
        WHERE account = $1 AND number <> $2 AND key IS NOT NULL";
    const PAYER: &str = "INSERT INTO payers (account, number, generation, low_until) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (account) DO UPDATE SET number = excluded.number, \
        generation = excluded.generation, low_until = excluded.low_until";
    const NOBODY: &str = "UPDATE payers SET number = NULL WHERE account = $1";
    let payer_before = payer(before);
    let payer_after = payer(after);
    if payer_before == payer_after {
        return;
    }
    let number = |payer: Option<SpendingCredential>| payer.map(|payer| payer.credential);
    if number(payer_before).is_some() && number(payer_before) != number(payer_after) {
        // Numbers begin above 0: with none that stays, all go.
        let stays = number(payer_after).map_or(0, |number| number.0);
        to.push(Statement::new(VOID, values![account.0, stays]));
    }
    to.push(match payer_after {
        Some(SpendingCredential { credential, generation, low_until }) => {
            let number = low_until.map(|_| credential.0);
            let low_until = low_until.map_or(0, UnixTime::seconds);
            Statement::new(PAYER, values![account.0, number, generation.0, low_until])
        }
        None => Statement::new(NOBODY, values![account.0]),
    });
}

fn payer(state: &Account) -> Option<tegata_policy::SpendingCredential> {
    match state {
        Account::Active(live) => live.spending_credential(),
        Account::PendingSignUp(_) | Account::Closed => None,
    }
}

/// Reads the credential of an account that this request made.
pub(super) const REQUESTED: &str = "SELECT credential, number, prefix, period, request_hash, \
    key, seed, alias_key FROM credentials WHERE account = $1 AND request = $2";

impl PriorCredential {
    pub(super) fn read(row: Row) -> Result<Self, StoreError> {
        let mut row = row.of_table("credentials");
        Ok(Self {
            id: CredentialId(row.array()?),
            number: CredentialNumber(row.int()?),
            scheme: scheme(&mut row)?,
            request_hash: row.array()?,
            seed: row.optional(sealed_seed)?,
        })
    }
}

/// Reads prefix and alias period, two columns.
pub(super) fn scheme(row: &mut Row) -> Result<Scheme, StoreError> {
    let unreadable = |_| StoreError::Unreadable("credentials");
    let prefix = row.text()?.parse().map_err(|_| StoreError::Unreadable("credentials"))?;
    let alias_period = AliasPeriod::new(row.int()?).map_err(unreadable)?;
    Ok(Scheme { prefix, alias_period })
}

impl Store {
    /// Finds every credential that has this alias in a period that is accepted now. It reads by the index alone,
    /// however many credentials there are.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn candidates(
        &self,
        scheme: &Scheme,
        alias: Alias,
        now: UnixTime,
    ) -> Result<Vec<IndexedCredential>, StoreError> {
        const FIND: &str = "SELECT c.credential, c.account, c.number, c.key, c.seed FROM aliases a \
            JOIN credentials c ON c.credential = a.credential WHERE a.prefix = $1 \
            AND a.period IN ($2, $3, $4) AND a.alias = $5 AND c.key IS NOT NULL \
            ORDER BY c.credential";
        let [a, b, c] = periods_of(scheme, now);
        let rows = self
            .database
            .rows(FIND, values![scheme.prefix.to_string(), a, b, c, alias.value()])
            .await?;
        let read = |row: Row| {
            let mut row = row.of_table("credentials");
            Ok(IndexedCredential {
                id: CredentialId(row.array()?),
                account: AccountId(row.array()?),
                number: CredentialNumber(row.int()?),
                seed: Sealed { key: row.int()?, bytes: row.blob()? },
            })
        };
        let mut found = rows.into_iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
        // By chance a credential has one alias in two periods; twice it would be two that match.
        found.dedup_by_key(|indexed| indexed.id);
        Ok(found)
    }
}
