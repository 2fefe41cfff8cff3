//! Payment credentials: added with a change of the account, found by their aliases.

use tegata::UnixTime;
use tegata::code::{Alias, AliasPeriod, Counter, CredentialId, Scheme, Step};
use tegata_policy::{Account, CredentialNumber, NextCredential, SpendingCredential};

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

/// What an account's row says about paying.
#[derive(Clone, Copy, PartialEq, Eq)]
struct PayingCredentials {
    current: Option<SpendingCredential>,
    next: Option<NextCredential>,
}

impl PayingCredentials {
    fn of(state: &Account) -> Self {
        match state {
            Account::Active(live) => {
                Self { current: live.spending_credential(), next: live.next_credential() }
            }
            Account::PendingSignUp(_) | Account::Closed => Self { current: None, next: None },
        }
    }

    /// The numbers of the credentials that are not void. Numbers begin above 0.
    fn numbers(&self) -> [u32; 2] {
        let current = self.current.map_or(0, |it| it.credential.0);
        [current, self.next.map_or(0, |it| it.credential.0)]
    }
}

/// Adds the statements for what a new state says about paying, where that differs from the state before.
pub(super) fn payer_statements(
    account: AccountId,
    before: &Account,
    after: &Account,
    to: &mut Vec<Statement>,
) {
    const VOID: &str = "UPDATE credentials SET key = NULL, seed = NULL, alias_key = NULL \
        WHERE account = $1 AND number <> $2 AND number <> $3 AND key IS NOT NULL";
    const PAYER: &str = "INSERT INTO payers \
        (account, number, generation, low_until, next_number, next_from) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account) DO UPDATE SET \
        number = excluded.number, generation = excluded.generation, \
        low_until = excluded.low_until, next_number = excluded.next_number, \
        next_from = excluded.next_from";
    const NOBODY: &str = "UPDATE payers SET number = NULL, next_number = NULL WHERE account = $1";
    let before = PayingCredentials::of(before);
    let after = PayingCredentials::of(after);
    if before == after {
        return;
    }
    let [current, next] = after.numbers();
    if before.numbers().iter().any(|number| *number != 0 && ![current, next].contains(number)) {
        to.push(Statement::new(VOID, values![account.0, current, next]));
    }
    let generation = after.current.map(|it| it.generation).or(after.next.map(|it| it.generation));
    to.push(match generation {
        Some(generation) => {
            let low_until = after.current.and_then(|it| it.low_until);
            let number = after.current.and_then(|it| it.low_until.map(|_| it.credential.0));
            let next_from = after.next.map_or(0, |next| next.from.seconds());
            let next_number = after.next.map(|next| next.credential.0);
            let low_until = low_until.map_or(0, UnixTime::seconds);
            let values =
                values![account.0, number, generation.0, low_until, next_number, next_from];
            Statement::new(PAYER, values)
        }
        None => Statement::new(NOBODY, values![account.0]),
    });
}

/// What an account's credentials say about a request for another one.
#[derive(Clone, Debug, Default)]
pub struct ProvisionContext {
    /// The credential that the same request made before, if it did.
    pub requested: Option<PriorCredential>,
    /// When a code of the account was last accepted, to half a minute.
    pub last_used: Option<UnixTime>,
}

/// Reads the counter of the last code that was accepted of an account.
pub(super) const LAST_CODE: &str = "SELECT counter FROM payers WHERE account = $1";

/// Gives the time that a counter stands for; none before the first code.
pub(super) fn last_used(row: Row) -> Result<Option<UnixTime>, StoreError> {
    let counter: i64 = row.of_table("payers").int()?;
    let Ok(counter) = u64::try_from(counter) else { return Ok(None) };
    let counter = Counter::from_number(counter);
    let counter = counter.map_err(|_| StoreError::Unreadable("payers"))?;
    Ok(UnixTime::new(counter.totp_time()).ok())
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
