//! Where accounts are kept: one set of operations over two databases.
//!
//! | file | idea |
//! |---|---|
//! | `mod` | [`Store`]: what can be done, written once |
//! | `database`, `counted` | what a database is asked for: a statement, or a transaction; how often that was |
//! | `batch` | work that may share its transaction with other work |
//! | `sqlite`, `postgres` | the two that can be asked |
//! | `sql` | values, rows and statements that both understand |
//! | `account` | an account as it is kept, what a change writes |
//! | `credentials`, `aliases` | payment credentials; how a code leads to one |
//! | `tills`, `payments` | where codes are read; what was taken of them, and what became of it |
//! | `outbox`, `events` | mails that wait; the log, and how it is sealed |
//! | `global_state` | what holds for all accounts |
//! | `cards` | whose cards there are, and which is charged |
//! | `scans` | what jobs and operators go through: what is over, what waits |
//! | `sealed_rows` | the issuer's wrapped keys, and sealing anew under another |
//! | `backup` | copies, and what happens when one takes the place of the database |
//! | `error` | what can go wrong |

mod account;
mod aliases;
mod backup;
mod batch;
mod cards;
mod chain;
mod counted;
mod credentials;
mod database;
mod error;
mod events;
mod global_state;
mod outbox;
mod payments;
mod postgres;
mod scans;
mod sealed_rows;
mod sql;
mod sqlite;
mod tills;

use std::sync::Arc;
use std::time::Duration;

use tegata::UnixTime;
use tegata_policy::limits::{AttemptLimit, RecentAttempts};

pub use crate::domain::WrappedKey;
pub use account::{
    AccountChange, EventRow, LoadedAccount, OutboxMail, SessionContext, audit_event_name,
};
pub use aliases::{AliasRow, IndexProgress};
pub use backup::restore;
pub use cards::{Card, CardChange, ChargeableCard};
pub(crate) use chain::{beginning, link};
pub use credentials::{IndexedCredential, NewCredential, PriorCredential};
pub use error::StoreError;
pub(crate) use events::EventCounts;
pub use events::{Seal, SealedEvents};
pub use global_state::{AdminCommand, GlobalState, KillSwitch, KillSwitchSet};
pub use outbox::{LeasedMail, MailPriority};
pub use payments::{
    ATTEMPT_DAYS, ActivityMeasure, ActivitySubject, Authorisation, AuthorisationState,
    AuthoriseLimits, AuthoriseOutcome, AuthoriseRequest, BusyPeriod, CandidateCache,
    CandidateCredential, Cap, DeclineReason, IDEMPOTENCY_DAYS, NewAuthorisation, OpenPaymentCounts,
    ParsedCode, PaymentWithShop, ReceiptWriter, SaleDetails, TimeSpan, VoidOutcome, VoidTarget,
    WrongCodeCount,
};
pub use scans::{AccountStage, OutboxBacklog, SessionRow};
pub use sealed_rows::{SealedRow, SeedRow};
pub use tills::{Till, TillStage};

use crate::domain::{AccountId, HandleKey, RequestId, StoreUrl, ThrottleKey, TokenHash};
use crate::metrics::work::Work;
use counted::CountedDatabase;
use database::{Database, Transaction};
use sql::{Statement, values};

/// Accounts and what belongs to them. A clone is the same store.
///
/// What an operation gives back is durable: it was committed before the answer. Several processes may share a store.
#[derive(Clone)]
pub struct Store {
    database: CountedDatabase,
}

impl Store {
    /// Opens the store that is set, makes it if there is none, and brings it to this version.
    ///
    /// # Errors
    /// `OtherEdition` for a database of another edition, which is left as it is; `Unavailable`, `Refused`, `File`.
    pub async fn open(place: &StoreUrl) -> Result<Self, StoreError> {
        let database = match place {
            StoreUrl::Sqlite(file) => Database::Sqlite(sqlite::Sqlite::open(file).await?),
            StoreUrl::Postgres(url) => {
                Database::Postgres(Box::new(postgres::Postgres::open(url).await?))
            }
        };
        Ok(Self {
            database: CountedDatabase { database: Arc::new(database), work: Work::default() },
        })
    }

    /// The same store, its work counted there.
    pub(crate) fn with_work_counter(self, work: Work) -> Self {
        Self { database: CountedDatabase { work, ..self.database } }
    }

    /// Where its work is counted.
    pub(crate) fn work(&self) -> &Work {
        &self.database.work
    }

    /// Makes an account, unless the change has no state: then nothing is written. `decide` sees what holds for all
    /// accounts, within the transaction, and may run again.
    ///
    /// # Errors
    /// `AccountExists`, `HandleTaken`, and those of the database; nothing was written then.
    pub async fn create<R: Send + 'static>(
        &self,
        account: AccountId,
        decide: impl Fn(&GlobalState) -> (AccountChange, R) + Send + Sync + 'static,
    ) -> Result<R, StoreError> {
        let decide = Arc::new(decide);
        self.database
            .write(move |transaction| {
                let decide = Arc::clone(&decide);
                Box::pin(async move {
                    let global_state = global_state(transaction).await?;
                    let (change, answer) = decide(&global_state);
                    if change.state.is_some() {
                        transaction.write(change.create(account)?).await?;
                    }
                    Ok(answer)
                })
            })
            .await
    }

    /// Changes an account: reads it, lets `decide` say what it becomes, and writes that, in one transaction. Changes of
    /// one account follow each other. `decide` has to be pure: with several processes it may run again, and what it
    /// gave the first time is dropped.
    ///
    /// # Errors
    /// `NoSuchAccount`, `HandleTaken`, and those of the database; nothing was written then, but for `CommitOutcomeUnknown`.
    pub async fn change<R: Send + 'static>(
        &self,
        account: AccountId,
        decide: impl Fn(&LoadedAccount) -> (AccountChange, R) + Send + Sync + 'static,
    ) -> Result<R, StoreError> {
        self.change_with(account, None, move |loaded, _| decide(loaded)).await
    }

    /// The same, for a request for a payment credential: `decide` sees what this request came to before, if it did.
    ///
    /// # Errors
    /// Those of [`change`](Self::change).
    pub async fn provision<R: Send + 'static>(
        &self,
        account: AccountId,
        request: RequestId,
        decide: impl Fn(&LoadedAccount, Option<&PriorCredential>) -> (AccountChange, R)
        + Send
        + Sync
        + 'static,
    ) -> Result<R, StoreError> {
        self.change_with(account, Some(request), decide).await
    }

    async fn change_with<R: Send + 'static>(
        &self,
        account: AccountId,
        request: Option<RequestId>,
        decide: impl Fn(&LoadedAccount, Option<&PriorCredential>) -> (AccountChange, R)
        + Send
        + Sync
        + 'static,
    ) -> Result<R, StoreError> {
        let decide = Arc::new(decide);
        self.database
            .write(move |transaction| {
                let decide = Arc::clone(&decide);
                Box::pin(async move {
                    let rows = transaction.lock(account::ACCOUNT, values![account.0]).await?;
                    let row = rows.into_iter().next().ok_or(StoreError::NoSuchAccount)?;
                    let secrets = transaction.rows(account::SECRETS, values![account.0]).await?;
                    let requested = match request {
                        Some(RequestId(id)) => {
                            let values = values![account.0, id];
                            let rows = transaction.rows(credentials::REQUESTED, values).await?;
                            rows.into_iter().next().map(PriorCredential::read).transpose()?
                        }
                        None => None,
                    };
                    let global_state = global_state(transaction).await?;
                    let loaded = LoadedAccount::of_change(row, secrets, global_state)?;
                    let (change, answer) = decide(&loaded, requested.as_ref());
                    transaction.write(change.statements(account, &loaded)?).await?;
                    Ok(answer)
                })
            })
            .await
    }

    /// An account with all that is kept beside it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn load(&self, account: AccountId) -> Result<Option<LoadedAccount>, StoreError> {
        LoadedAccount::of_load(self.database.rows(account::LOAD, values![account.0]).await?)
    }

    /// The account that has an address.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn find_account(&self, handle: &HandleKey) -> Result<Option<AccountId>, StoreError> {
        const FIND: &str = "SELECT account FROM handles WHERE handle = $1";
        let row = self.database.row(FIND, values![handle.0]).await?;
        row.map(|row| row.of("handles").array().map(AccountId)).transpose()
    }

    /// The session that a token belongs to, with its account: what each request in a session begins with.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn session(&self, token: &TokenHash) -> Result<Option<SessionContext>, StoreError> {
        let row = self.database.row(account::IN_SESSION, values![*token.bytes()]).await?;
        row.map(SessionContext::read).transpose()
    }

    /// What holds for all accounts.
    ///
    /// # Errors
    /// Those of the database; whoever asks because of a switch takes them for "stopped".
    pub async fn global_state(&self) -> Result<GlobalState, StoreError> {
        GlobalState::of(self.database.rows(global_state::STANDING, values![]).await?)
    }

    /// Does what an operator ordered, with the line that says so, and gives what holds from now on.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn apply_admin_command(
        &self,
        order: AdminCommand,
        event: EventRow,
    ) -> Result<GlobalState, StoreError> {
        self.database
            .write(move |transaction| {
                let event = event.clone();
                Box::pin(async move {
                    let writes = [order.statement()].into_iter().chain(event.statements());
                    transaction.write(writes.collect()).await?;
                    global_state(transaction).await
                })
            })
            .await
    }

    /// Takes one of so many tries within a span of time; gives how long to wait for the next when none is left.
    ///
    /// # Errors
    /// Those of the database; whoever counts takes them for "none left".
    pub async fn take_attempt(
        &self,
        key: ThrottleKey,
        limit: AttemptLimit,
        now: UnixTime,
    ) -> Result<Option<Duration>, StoreError> {
        const MAKE: &str =
            "INSERT INTO throttle (key, taken, until) VALUES ($1, '[]', 0) ON CONFLICT DO NOTHING";
        const READ: &str = "SELECT taken FROM throttle WHERE key = $1";
        const KEEP: &str = "UPDATE throttle SET taken = $1, until = $2 WHERE key = $3";
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    let make = Statement::new(MAKE, values![key.0]);
                    transaction.write(vec![make]).await?;
                    let rows = transaction.lock(READ, values![key.0]).await?;
                    // Pruned by another process between the two: it is busy, and a try is not given away.
                    let row = rows.into_iter().next().ok_or(StoreError::Unavailable("busy"))?;
                    let unreadable = |_| StoreError::Unreadable("throttle");
                    let text = row.of("throttle").text()?;
                    let mut used: RecentAttempts =
                        serde_json::from_str(&text).map_err(unreadable)?;
                    let wait = used.take_or_wait(limit, now).err().map(Duration::from_secs);
                    let text = serde_json::to_string(&used).map_err(unreadable)?;
                    let until = used.expires_at(limit).seconds();
                    let keep = Statement::new(KEEP, values![text, until, key.0]);
                    transaction.write(vec![keep]).await?;
                    Ok(wait)
                })
            })
            .await
    }

    /// Drops counts that say nothing any more.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn prune_throttle(&self, now: UnixTime) -> Result<(), StoreError> {
        self.write_one("DELETE FROM throttle WHERE until <= $1", values![now.seconds()]).await
    }

    async fn write_one(
        &self,
        sql: &'static str,
        values: Vec<sql::Value>,
    ) -> Result<(), StoreError> {
        self.database.write_one(Statement::new(sql, values)).await
    }
}

async fn global_state(transaction: &mut dyn Transaction) -> Result<GlobalState, StoreError> {
    GlobalState::of(transaction.rows(global_state::STANDING, values![]).await?)
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match *self.database.database {
            Database::Sqlite(_) => "SQLite",
            Database::Postgres(_) => "PostgreSQL",
        };
        f.debug_tuple("Store").field(&name).finish()
    }
}
