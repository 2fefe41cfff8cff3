//! The issuer's store: one set of operations over two databases.
//!
//! | file | content |
//! |---|---|
//! | `mod` | [`Store`], and how it is opened |
//! | `error` | what can go wrong |
//! | `sql`, `transaction` | values, rows and statements; what a transaction can do |
//! | `batch` | work that may share its transaction with others |
//! | `schema` | the schema's edition |
//! | `sqlite`, `postgres` | the two databases |
//! | `database`, `counted_database` | the two as one; the same, counted for the metrics |
//! | `account`, `account_change`, `accounts` | an account as it is read; what a change writes; operations |
//! | `throttle` | attempts, counted for rate limits |
//! | `credentials`, `aliases` | payment credentials; the index that leads from a code to one |
//! | `tills`, `managers` | tills, and whose code their voids ask for |
//! | `cards`, `card_owners`, `card_setups` | cards that are charged, whose they are, how their holders register them |
//! | `payments`, `currency` | payments, and their currency |
//! | `outbox` | mails to send |
//! | `event_row`, `chain`, `events` | the event log, its hash chain and its seals |
//! | `partitions`, `detachment` | months of payments and events; what is kept of one that was taken out |
//! | `pool_counts`, `pool_status` | connections to PostgreSQL, for the metrics |
//! | `global_state` | kill switches, and what was declared void |
//! | `scans` | pages of rows for jobs and operators |
//! | `readiness` | what shows that the store works |
//! | `signed_requests` | what devices signed and was carried out, with the answers |
//! | `sealed_columns`, `sealed_rows` | sealed values; the issuer's wrapped keys, and re-encryption under another |
//! | `backup`, `program` | copies, and their restore; the commands of PostgreSQL's that make them |
//! | `processes` | the processes that run on it, and the key that each seals with |
//! | `sql_state` | what PostgreSQL's codes are called, and what to do |

mod account;
mod account_change;
mod accounts;
mod aliases;
mod backup;
mod batch;
mod card_owners;
mod card_setups;
mod cards;
mod chain;
mod counted_database;
mod credentials;
mod currency;
mod database;
mod detachment;
mod error;
mod event_row;
mod events;
mod global_state;
mod managers;
mod outbox;
mod partitions;
mod payments;
mod pool_counts;
mod pool_status;
mod postgres;
mod processes;
mod program;
mod readiness;
mod scans;
mod schema;
mod sealed_columns;
mod sealed_rows;
mod signed_requests;
mod sql;
mod sql_state;
mod sqlite;
mod throttle;
mod tills;
mod transaction;

use std::sync::Arc;

pub use crate::domain::WrappedKey;
pub use account::{LoadedAccount, SessionContext};
pub use account_change::AccountChange;
pub use aliases::{AliasRow, IndexProgress};
pub use backup::{backup_keys, restore};
pub use card_owners::{CardOwners, CardPlace};
pub use card_setups::OpenCardSetup;
pub use cards::{Card, CardChange, ChargeableCard};
pub use chain::Seal;
pub(crate) use chain::{extend_chain, initial_seal};
pub use credentials::{IndexedCredential, NewCredential, PriorCredential, ProvisionContext};
pub use detachment::{DetachedRun, Detachment};
pub use error::StoreError;
pub use event_row::{EventRow, audit_event_name};
pub(crate) use events::EventCounts;
pub use events::SealedEvents;
pub use global_state::{AdminCommand, GlobalState, KillSwitch, KillSwitchSet};
pub use managers::ManagerCheck;
pub use outbox::{LeasedMail, MailPage, MailPriority, MailQueue, OutboxMail};
pub use partitions::{MonthPartition, MonthStage, StrayRows};
pub use payments::{
    ATTEMPT_DAYS, ActivityMeasure, ActivitySubject, AdoptedState, AdoptionOutcome, Authorisation,
    AuthorisationState, AuthoriseLimits, AuthoriseOutcome, AuthoriseRequest, BusyPeriod,
    CandidateCache, CandidateCredential, Cap, DeclineReason, IDEMPOTENCY_DAYS, LostPayment,
    NewAuthorisation, OpenPaymentCounts, ParsedCode, PaymentWithShop, ReceiptWriter, SaleDetails,
    TillRequest, TimeSpan, VoidCount, VoidOutcome, VoidRequest, VoidTarget, WrongCodeCount,
};
pub use processes::AnnouncedProcess;
pub use scans::{AccountStage, OutboxBacklog, SessionRow};
pub use sealed_rows::{SealedRow, SeedRow};
pub use signed_requests::{AnsweredRequest, PriorRequest, SignedRequestKey};
pub use throttle::{BudgetOutcome, StrangersBudget};
pub use tills::{Till, TillStage};

use crate::domain::StoreUrl;
use crate::metrics::work::WorkCounts;
use counted_database::CountedDatabase;
use database::Database;
use sql::{Statement, Value};

/// Rows that are deleted in one transaction at most: other writers wait for no more than that.
const DELETED_AT_ONCE: u32 = 1024;

/// The issuer's store. A clone is the same store.
///
/// What an operation answers is durable: it was committed before. Several processes may share a store.
#[derive(Clone)]
pub struct Store {
    database: CountedDatabase,
}

impl Store {
    /// Opens the store at this address, and creates its tables if there are none.
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
            database: CountedDatabase { database: Arc::new(database), work: WorkCounts::default() },
        })
    }

    /// Gives the same store, which counts its work there.
    pub(crate) fn with_work_counter(self, work: WorkCounts) -> Self {
        Self { database: CountedDatabase { work, ..self.database } }
    }

    /// Gives the counter of its work.
    pub(crate) fn work(&self) -> &WorkCounts {
        &self.database.work
    }

    /// Runs one statement as a transaction of its own.
    async fn write_one(&self, sql: &'static str, values: Vec<Value>) -> Result<(), StoreError> {
        self.database.write_one(Statement::new(sql, values)).await
    }

    /// Deletes rows until `any` finds none, some at a time, each time in a transaction of its own. `delete` takes how
    /// many as the last of its values.
    async fn delete_all(
        &self,
        any: &'static str,
        delete: &'static str,
        values: Vec<Value>,
    ) -> Result<(), StoreError> {
        while self.database.row(any, values.clone()).await?.is_some() {
            let some = values.iter().cloned().chain([Value::from(DELETED_AT_ONCE)]);
            self.database.write_many_rows(Statement::new(delete, some.collect())).await?;
        }
        Ok(())
    }
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
