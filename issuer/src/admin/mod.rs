//! What an operator does, on the issuer's own machine: it works on the store, whether the service runs or not, and a
//! service that runs goes by it from its next transaction on. Each act is a line of the log, with who did it and why.

mod freeze;
mod managers;
mod partitions;
mod payment_numbers;
mod processes;
mod reconcile;
pub mod report;
pub(crate) mod server_key;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use tegata::code::{ShopName, TillId};
use tegata::protocol::PaymentNumber;
use tegata::{RandomUnavailable, UnixTime};
use tokio::runtime::Runtime;

use crate::audit::{self, AuditError, LogVerification};
use crate::config::{Config, KeyFileError, ServerKey, make_key_file, read_key_file};
use crate::crypto::Keys;
pub use crate::domain::{
    AccountId, AccountRef, AuthorisationId, InvalidReason, ManagerCode, ManagerName, Month,
    ParseAccountRefError, Reason,
};
use crate::domain::{Environment, EventId, StoreUrl};
use crate::key_store::KeyStoreError;
use crate::passwords::PasswordsUnavailable;
pub use crate::payments::TillCode;
pub use crate::payments::reconciliation::{
    Comparison, Finding, ReconcileError, Remedy, Settlement,
};
use crate::payments::{CODE_LIFE, SealedReceiptWriter};
use crate::processor::ProcessorSetupError;
use crate::store::{self, AdminCommand, Store, StoreError, VoidOutcome, VoidRequest, VoidTarget};
pub use crate::store::{
    ATTEMPT_DAYS, ActivitySubject, Authorisation, AuthorisationState, EventRow, GlobalState,
    KillSwitch, MonthPartition, MonthStage, OpenPaymentCounts, Seal, Till, TillStage, TimeSpan,
    VoidCount,
};
pub use reconcile::SettledFinding;
pub use server_key::ServerKeyError;

use report::{SuspiciousActivity, Thresholds};

/// Why an operator's act was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// There is no store where it is said to be, and an operator's act makes none.
    #[error("there is no store at {0}: give the one that the service uses")]
    NoStore(PathBuf),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no server key, or it cannot be read.
    #[error(transparent)]
    ServerKey(#[from] ServerKeyError),
    /// The issuer's keys cannot be opened or replaced.
    #[error(transparent)]
    Keys(#[from] KeyStoreError),
    /// The log, or its checkpoint file, cannot be sealed or verified.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// No account has this address or id.
    #[error("no account has this address or id")]
    NoSuchAccount,
    /// The account is a pending sign-up, or was deleted.
    #[error("this is a pending sign-up or a deleted account: it cannot be frozen or unfrozen")]
    NothingToFreeze,
    /// The till has no manager of this name.
    #[error("the till has no manager of this name")]
    NoSuchManager,
    /// There is no processor to ask.
    #[error(transparent)]
    ProcessorSetup(#[from] ProcessorSetupError),
    /// Charges and rows cannot be compared or settled.
    #[error(transparent)]
    Reconcile(#[from] ReconcileError),
    /// No payment has this id.
    #[error("no payment has this id")]
    NoSuchPayment,
    /// The payment is of a month that was detached.
    #[error(
        "this payment is of {0}, which was detached: nothing can be done to it here; refund it at the \
         processor, where its number is in the metadata"
    )]
    Detached(Month),
    /// The month is too young to be detached.
    #[error(
        "{0} cannot be detached yet: its payments can still be voided, or were in the last 100 days"
    )]
    MonthTooYoung(Month),
    /// The log of events has something wrong with it.
    #[error("the log does not hold: run audit verify; nothing was detached")]
    LogDoesNotHold,
    /// No money has moved for the payment, so none can be refunded.
    #[error("no money has moved for this payment, which is {}: use void to cancel it", .0.name())]
    NotCharged(AuthorisationState),
    /// The account could not be changed.
    #[error("the account could not be changed: try again")]
    NotChanged,
    /// The file of a server key cannot be read or made.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// No checkpoint file is set.
    #[error(
        "set checkpoints: the file outside the database that records how far the log was signed"
    )]
    NoCheckpoints,
    /// The old checkpoint file cannot be moved aside.
    #[error("the checkpoint file cannot be moved aside: {0}")]
    Checkpoints(std::io::Error),
    /// The server key does not open the backup, of which nothing was restored.
    #[error("nothing was restored: the configured server key does not open this backup: {0}")]
    WrongBackupKey(String),
    /// Processes that run seal with an older key. Nothing was done.
    #[error(
        "{processes} running processes still seal with an older key: start all of them anew, then run this \
         again; nothing was re-encrypted"
    )]
    OldKeyInUse {
        /// The number of such processes.
        processes: usize,
    },
    /// The operating system gives no threads.
    #[error("cannot start: {0}")]
    Threads(std::io::Error),
    /// The threads that hash passwords cannot be started.
    #[error(transparent)]
    Passwords(#[from] PasswordsUnavailable),
    /// The operating system gives no randomness.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
}

/// Creates the tables of the store of these settings, if there are none, and the partitions of this month and the next,
/// and starts nothing: for a database role that may
/// create tables, which the service's own need not.
///
/// # Errors
/// [`OperatorError::Store`], [`OperatorError::Threads`].
pub fn migrate(config: &Config) -> Result<(), OperatorError> {
    threads()?.block_on(async {
        let store = Store::open(&config.store).await?;
        store.make_partitions(Environment::system().clock.now()).await?;
        Ok(())
    })
}

/// What an operator can do to a store. The methods return when what they did is durable.
pub struct Operator {
    threads: Runtime,
    store: Store,
    config: Config,
    environment: Environment,
}

impl Operator {
    /// Opens the store of the settings, which has to exist.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn open(config: Config, environment: Environment) -> Result<Self, OperatorError> {
        if let StoreUrl::Sqlite(file) = &config.store
            && !file.exists()
        {
            return Err(OperatorError::NoStore(file.clone()));
        }
        let threads = threads()?;
        let store = threads.block_on(Store::open(&config.store))?;
        Ok(Self { threads, store, config, environment })
    }

    /// Stops kinds of requests, one after the other; gives what holds now.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn stop(
        &self,
        acts: RequestKinds<'_>,
        reason: &Reason,
    ) -> Result<GlobalState, OperatorError> {
        self.switch(acts, "stopped", AdminCommand::Stop, AdminCommand::StopAll, reason)
    }

    /// Resumes kinds of requests, one after the other; gives what holds now.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn resume(
        &self,
        acts: RequestKinds<'_>,
        reason: &Reason,
    ) -> Result<GlobalState, OperatorError> {
        self.switch(acts, "resumed", AdminCommand::Resume, AdminCommand::ResumeAll, reason)
    }

    fn switch(
        &self,
        acts: RequestKinds<'_>,
        deed: &str,
        one: impl Fn(KillSwitch) -> AdminCommand,
        all: AdminCommand,
        reason: &Reason,
    ) -> Result<GlobalState, OperatorError> {
        let RequestKinds::Only(acts) = acts else { return self.operate(all, deed, "all", reason) };
        let mut global_state = self.threads.block_on(self.store.global_state())?;
        for act in acts {
            global_state = self.operate(one(*act), deed, act.name(), reason)?;
        }
        Ok(global_state)
    }

    fn operate(
        &self,
        order: AdminCommand,
        deed: &str,
        what: &str,
        reason: &Reason,
    ) -> Result<GlobalState, OperatorError> {
        let event = self.event(deed, &json!({ "why": reason.why(), "what": what }), reason)?;
        Ok(self.threads.block_on(self.store.apply_admin_command(order, event))?)
    }

    /// Revokes all sessions, resets and payment credentials of all accounts; gives what holds now.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn revoke_all(&self, reason: &Reason) -> Result<GlobalState, OperatorError> {
        self.operate(AdminCommand::RevokeAll, "revoked", "all", reason)
    }

    /// Counts the payments that are not over: they are finished or voided, also while payments are stopped.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn under_way(&self) -> Result<OpenPaymentCounts, OperatorError> {
        Ok(self.threads.block_on(self.store.open_payment_counts())?)
    }

    /// Adds a till; gives the code that enrols it, once and within the hour.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn add_till(
        &self,
        id: TillId,
        shop: ShopName,
        reason: &Reason,
    ) -> Result<TillCode, OperatorError> {
        let code = TillCode::make(&*self.environment.random)?;
        let now = self.environment.clock.now();
        let detail = json!({ "why": reason.why(), "till": id.as_str() });
        let event = self.event("till_added", &detail, reason)?;
        let span = (now, now.shifted(CODE_LIFE));
        self.threads.block_on(self.store.add_till(id, shop, code.hash(), span, event))?;
        Ok(code)
    }

    /// Lists all tills.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn tills(&self) -> Result<Vec<Till>, OperatorError> {
        Ok(self.threads.block_on(self.store.tills())?)
    }

    /// Revokes a till: its token and its code count for nothing from now on.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn revoke_till(&self, id: TillId, reason: &Reason) -> Result<(), OperatorError> {
        let detail = json!({ "why": reason.why(), "till": id.as_str() });
        let event = self.event("till_revoked", &detail, reason)?;
        let revoked = self.store.revoke_till(id, self.environment.clock.now(), event);
        let is_revoked = self.threads.block_on(revoked)?;
        if is_revoked { Ok(()) } else { Err(StoreError::NoSuchTill.into()) }
    }

    /// Takes a payment back. What a card may have been charged for, the service takes back from the processor.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn void(
        &self,
        id: AuthorisationId,
        reason: &Reason,
    ) -> Result<Authorisation, OperatorError> {
        self.take_back(self.payment(&PaymentRef::Id(id))?, "void_ordered", reason)
    }

    /// Gives the whole of a payment back that was charged: the service asks the processor for it. The same again changes
    /// nothing.
    ///
    /// # Errors
    /// [`OperatorError`]; `NotCharged` if no money has moved, or nobody knows yet whether it has.
    pub fn refund(
        &self,
        id: AuthorisationId,
        reason: &Reason,
    ) -> Result<Authorisation, OperatorError> {
        let found = self.payment(&PaymentRef::Id(id))?;
        match found.state {
            // What is charged becomes nothing that a void would end in another way.
            AuthorisationState::Charged => self.take_back(found, "refund_ordered", reason),
            AuthorisationState::Reversing | AuthorisationState::Refunded => Ok(found),
            other => Err(OperatorError::NotCharged(other)),
        }
    }

    /// Finds a payment, as it stands.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn payment(&self, which: &PaymentRef) -> Result<Authorisation, OperatorError> {
        let id = match which {
            PaymentRef::Id(id) => Some(*id),
            PaymentRef::Number(number) => Some(self.keys()?.authorisation_id(*number)),
            PaymentRef::Sale(..) => None,
        };
        let found = self.threads.block_on(async {
            match (id, which) {
                (Some(id), _) => self.store.authorisation(id).await,
                (None, PaymentRef::Sale(till, reference)) => self.store.sale(till, reference).await,
                (None, _) => Ok(None),
            }
        });
        match (found?, id) {
            (Some(found), _) => Ok(found),
            (None, Some(id)) => Err(self.missing_payment(id)?),
            (None, None) => Err(OperatorError::NoSuchPayment),
        }
    }

    fn missing_payment(&self, id: AuthorisationId) -> Result<OperatorError, OperatorError> {
        let month = self.threads.block_on(self.store.detached_month_of(id))?;
        Ok(month.map_or(OperatorError::NoSuchPayment, OperatorError::Detached))
    }

    fn take_back(
        &self,
        found: Authorisation,
        deed: &str,
        reason: &Reason,
    ) -> Result<Authorisation, OperatorError> {
        let now = self.environment.clock.now();
        let detail = json!({ "why": reason.why(), "authorisation": found.id.to_string() });
        let asked = self.event(deed, &detail, reason)?;
        let tell = Arc::new(SealedReceiptWriter::new(
            Arc::new(self.keys()?),
            Arc::clone(&self.environment.random),
        ));
        let id = found.id;
        let voided = self.threads.block_on(async {
            self.store.append_event(asked).await?;
            let what = VoidTarget::Id(found.id);
            let request = VoidRequest {
                till: found.till,
                target: what,
                actor: reason.actor(),
                now,
                age: None,
                receipts: tell,
            };
            self.store.void(request).await
        });
        match voided? {
            VoidOutcome::Found(authorisation) => Ok(*authorisation),
            VoidOutcome::Detached => Err(self.missing_payment(id)?),
            VoidOutcome::Forbidden | VoidOutcome::NotFound | VoidOutcome::TooOld => {
                Err(OperatorError::NoSuchPayment)
            }
        }
    }

    /// Reports suspicious payments of the last `seconds`, with the span that was looked at.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn report(
        &self,
        seconds: u64,
        thresholds: &Thresholds,
    ) -> Result<(TimeSpan, Vec<SuspiciousActivity>), OperatorError> {
        let now = self.environment.clock.now();
        let since = now.seconds().saturating_sub(seconds);
        // What was paid in this second is in it.
        let span = TimeSpan { since: UnixTime::new(since).unwrap_or(now), until: now.shifted(1) };
        Ok((span, self.threads.block_on(report::make(&self.store, span, thresholds))?))
    }

    /// Verifies the whole log against its seals and the signed checkpoints.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn verify(&self) -> Result<LogVerification, OperatorError> {
        let file = self.checkpoints()?;
        let key = self.keys()?.checkpoint_key();
        Ok(self.threads.block_on(audit::verify(&self.store, &file, &key))?)
    }

    /// Seals the log now, and signs how far it goes.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn seal(&self) -> Result<Seal, OperatorError> {
        let file = self.checkpoints()?;
        let keys = self.keys()?;
        let now = self.environment.clock.now();
        Ok(self.threads.block_on(audit::seal(&self.store, &keys, &file, now))?)
    }

    /// Gives the last `n` lines of the log, newest first, with payments by the numbers that they have outside.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn last_events(&self, n: u32) -> Result<Vec<EventRow>, OperatorError> {
        let events = self.threads.block_on(self.store.last_events(n))?;
        Ok(self.with_payment_numbers(events))
    }

    /// Copies the store into a new file while it is in use, and says so in the log.
    ///
    /// # Errors
    /// [`OperatorError`]; no file is written over.
    pub fn backup(&self, to: &Path, reason: &Reason) -> Result<(), OperatorError> {
        self.threads.block_on(self.store.backup(to))?;
        self.log("backed_up", reason)
    }

    /// Wraps the issuer's keys under the server key in this file, which is made if there is none. Services need it from
    /// their next start on.
    ///
    /// # Errors
    /// [`OperatorError`]; then the old one goes on counting.
    pub fn rotate_server_key(&self, to: &Path, reason: &Reason) -> Result<(), OperatorError> {
        let old = server_key::find(&self.config)?;
        let random = &*self.environment.random;
        // Not before the old key was seen to open the store.
        self.threads.block_on(Keys::open(&self.store, &old, random))?;
        let new = match read_key_file(to)? {
            Some(key) => key,
            None => make_key_file(to, random)?,
        };
        self.threads.block_on(Keys::rewrap(&self.store, &old, &new, random))?;
        self.log("server_key_replaced", reason)
    }

    /// Adds a key for sealing, which services use from their next start on.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn renew_sealing_key(&self, reason: &Reason) -> Result<(), OperatorError> {
        let key = self.server_key()?;
        self.threads.block_on(Keys::renew(&self.store, &key, &*self.environment.random))?;
        self.log("sealing_key_made", reason)
    }

    /// Encrypts everything again under the newest key and drops the older ones, when all services were started since it was
    /// made. Gives how many secrets were sealed, and the numbers of keys that something is still sealed under.
    ///
    /// # Errors
    /// [`OperatorError`].
    pub fn reencrypt(&self, reason: &Reason) -> Result<(u64, Vec<u8>), OperatorError> {
        let keys = self.keys()?;
        let newest = keys.newest_root();
        let processes = self.threads.block_on(processes::count_older(&self.store, newest))?;
        if processes > 0 {
            return Err(OperatorError::OldKeyInUse { processes });
        }
        let sealed = self.threads.block_on(keys.reseal(&self.store, &*self.environment.random))?;
        let left = self.threads.block_on(keys.retire(&self.store))?;
        self.log("sealed_anew", reason)?;
        Ok((sealed, left))
    }

    fn server_key(&self) -> Result<ServerKey, OperatorError> {
        Ok(server_key::find(&self.config)?)
    }

    fn keys(&self) -> Result<Keys, OperatorError> {
        self.threads.block_on(self.opened_keys())
    }

    async fn opened_keys(&self) -> Result<Keys, OperatorError> {
        let key = self.server_key()?;
        Ok(Keys::open(&self.store, &key, &*self.environment.random).await?)
    }

    fn checkpoints(&self) -> Result<PathBuf, OperatorError> {
        self.config.checkpoints_file().ok_or(OperatorError::NoCheckpoints)
    }

    fn log(&self, deed: &str, reason: &Reason) -> Result<(), OperatorError> {
        let event = self.event(deed, &json!({ "why": reason.why() }), reason)?;
        Ok(self.threads.block_on(self.store.append_event(event))?)
    }

    fn event(
        &self,
        deed: &str,
        detail: &serde_json::Value,
        reason: &Reason,
    ) -> Result<EventRow, OperatorError> {
        event(&self.environment, deed, detail, reason)
    }
}

/// The payment that an operator means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentRef {
    /// The payment of this stored id.
    Id(AuthorisationId),
    /// The payment of this number, which tills, receipts and the log have.
    Number(PaymentNumber),
    /// The payment of this till's sale.
    Sale(TillId, String),
}

/// The kinds of requests that an operator stops or resumes.
#[derive(Clone, Copy, Debug)]
pub enum RequestKinds<'a> {
    /// Only the kinds in this list.
    Only(&'a [KillSwitch]),
    /// Every kind, those of later versions too.
    All,
}

/// The result of a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreReport {
    /// Values of the second factor up to this time are refused.
    pub refused_up_to: UnixTime,
    /// The file that the old checkpoints were moved to, if there were any.
    pub checkpoints: Option<PathBuf>,
}

/// Puts a backup in the place of the store that is set, where there must be none. All sessions, resets and payment
/// credentials are void then, and codes of the time around it are refused. The checkpoints of the log as it was are set
/// aside: they vouch for events that the backup does not have.
///
/// # Errors
/// [`OperatorError`].
pub fn restore(
    config: &Config,
    environment: &Environment,
    from: &Path,
    reason: &Reason,
) -> Result<RestoreReport, OperatorError> {
    let threads = threads()?;
    let key = server_key::find(config)?;
    let keys = threads.block_on(store::backup_keys(&config.store, from))?;
    if !keys.is_empty() {
        Keys::unwrap(keys, &key).map_err(|e| OperatorError::WrongBackupKey(e.to_string()))?;
    }
    let now = environment.clock.now();
    let event = event(environment, "restored", &json!({ "why": reason.why() }), reason)?;
    let store = threads.block_on(store::restore(&config.store, from, now, event))?;
    let checkpoints = match config.checkpoints_file().filter(|file| file.exists()) {
        Some(file) => Some(set_aside(&file, now).map_err(OperatorError::Checkpoints)?),
        None => None,
    };
    let global_state = threads.block_on(store.global_state())?;
    // The fence is a step of 30 seconds; it is refused whole.
    let end = (global_state.used_up_to + 1).saturating_mul(30);
    Ok(RestoreReport { refused_up_to: UnixTime::new(end).unwrap_or(UnixTime::MAX), checkpoints })
}

fn set_aside(file: &Path, now: UnixTime) -> std::io::Result<PathBuf> {
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".until-{}", now.seconds()));
    std::fs::rename(file, &name).map(|()| name.into())
}

fn event(
    environment: &Environment,
    deed: &str,
    detail: &serde_json::Value,
    reason: &Reason,
) -> Result<EventRow, OperatorError> {
    let at = environment.clock.now();
    Ok(EventRow {
        id: EventId::make(at, 0, &*environment.random)?,
        account: None,
        deed: deed.to_owned(),
        actor: reason.actor(),
        at,
        detail: detail.to_string(),
    })
}

fn threads() -> Result<Runtime, OperatorError> {
    let mut threads = tokio::runtime::Builder::new_current_thread();
    threads.enable_all().build().map_err(OperatorError::Threads)
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Operator")
    }
}
