//! What the running issuer does by itself: seals the log, and clears away what is over. A job that fails is logged and
//! comes again; nobody's request waits for one.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus::{IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use tegata::UnixTime;
use tegata::protocol::Refusal;
use tegata_policy::Account;
use tegata_policy::limits::DELETION_GRACE;

use crate::accounts::{AccountError, Accounts};
use crate::audit::{self, AuditError};
use crate::codes::{self, Codes, FillError, Ready};
use crate::crypto::Keys;
use crate::domain::{AccountId, Environment, EventId};
use crate::metrics::gauge;
use crate::payments::{PaymentCounts, ProcessorCharger, WrongCodes};
use crate::store::{AccountStage, SessionRow, Store, StoreError};

/// Rows that a job reads at a time.
const PAGE: u32 = 256;
/// How long a sign-up may lie before it is removed, in seconds: its code ran out long before.
const SIGN_UP_LIFE: u64 = 24 * 60 * 60;

/// A job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    /// Seals the log and signs how far it goes.
    Seal,
    /// JobCounts the mails that wait.
    Measure,
    /// Drops counts of tries that say nothing any more.
    Throttle,
    /// Removes sign-ups that nobody finished.
    SignUps,
    /// Deletes accounts whose owners have had their time to think it over.
    Closings,
    /// Takes up charges that are not over.
    Charges,
    /// Removes rows of sessions that do not count any more.
    Sessions,
    /// Fills the index of aliases for the period to come, and drops those that are over.
    Aliases,
    /// JobCounts the payment credentials.
    Credentials,
    /// Drops what tills do not ask for any more, and counts of wrong codes that no report looks back on.
    Answers,
    /// Compares the wrong codes of today with what is usual.
    WrongCodes,
}

impl Job {
    const ALL: [Self; 11] = [
        Self::Seal,
        Self::Measure,
        Self::Throttle,
        Self::SignUps,
        Self::Closings,
        Self::Charges,
        Self::Sessions,
        Self::Aliases,
        Self::Credentials,
        Self::Answers,
        Self::WrongCodes,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Measure => "measure",
            Self::Throttle => "throttle",
            Self::SignUps => "sign_ups",
            Self::Closings => "closings",
            Self::Charges => "charges",
            Self::Sessions => "sessions",
            Self::Aliases => "aliases",
            Self::Credentials => "credentials",
            Self::Answers => "answers",
            Self::WrongCodes => "wrong_codes",
        }
    }

    fn period(self) -> Duration {
        match self {
            Self::Charges => Duration::from_secs(2),
            Self::Seal | Self::Measure => Duration::from_secs(5),
            Self::Credentials => Duration::from_mins(10),
            _ => Duration::from_mins(1),
        }
    }
}

/// Why a job did not do its work.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Fill(#[from] FillError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error("{0} accounts could not be deleted: they are retried in the next round")]
    NotDeleted(usize),
}

/// What the jobs work on.
pub(crate) struct Jobs {
    pub(crate) store: Store,
    pub(crate) accounts: Accounts,
    pub(crate) keys: Arc<Keys>,
    pub(crate) codes: Arc<Codes>,
    pub(crate) environment: Environment,
    /// Where it is signed how far the log goes, if anywhere.
    pub(crate) checkpoints: Option<PathBuf>,
    pub(crate) counts: JobCounts,
    pub(crate) payments: PaymentCounts,
    pub(crate) cursors: Mutex<Cursors>,
    /// Who charges cards; somebody else looks after his own.
    pub(crate) charger: Option<ProcessorCharger>,
}

/// How far each job has gone through the rows. After a start it begins anew: what is done costs a look and no more.
#[derive(Default)]
pub(crate) struct Cursors {
    sign_up: Option<AccountId>,
    closing: Option<EventId>,
    /// Those up to there whose time is over and that are there still: frozen, or not to be deleted for some fault.
    closing_again: BTreeSet<AccountId>,
    session: Option<SessionRow>,
}

impl Jobs {
    /// Works until it is dropped.
    pub(crate) async fn work(self) {
        let jobs = Arc::new(self);
        let each = Job::ALL.map(|job| Arc::clone(&jobs).repeat(job));
        futures_util::future::join_all(each).await;
    }

    async fn repeat(self: Arc<Self>, job: Job) {
        loop {
            let now = self.environment.clock.now();
            // A task of its own: a panic ends there.
            match tokio::spawn(Arc::clone(&self).once(job, now)).await {
                Ok(Ok(())) => self.counts.ran(job, now),
                Ok(Err(error)) => {
                    tracing::error!(job = job.name(), %error, "job failed");
                    self.counts.failed(job);
                }
                Err(_) => self.counts.failed(job),
            }
            tokio::time::sleep(job.period()).await;
        }
    }

    async fn once(self: Arc<Self>, job: Job, now: UnixTime) -> Result<(), JobError> {
        match job {
            Job::Seal => self.seal(now).await,
            Job::Measure => self.measure(now).await,
            Job::Throttle => Ok(self.store.prune_throttle(now).await?),
            Job::SignUps => self.sign_ups(now).await,
            Job::Closings => self.closings(now).await,
            Job::Charges => Ok(self.reconcile().await?),
            Job::Sessions => self.sessions(now).await,
            Job::Aliases => Ok(codes::fill(&self.store, &self.keys, now).await?),
            Job::Credentials => Ok(self.codes.count(&self.store).await?),
            Job::Answers => self.answers(now).await,
            Job::WrongCodes => self.wrong_codes(now).await,
        }
    }

    async fn seal(&self, now: UnixTime) -> Result<(), JobError> {
        let seal = match &self.checkpoints {
            Some(file) => audit::seal(&self.store, &self.keys, file, now).await?,
            None => audit::seal_unsigned(&self.store).await?,
        };
        self.counts.sealed.set(gauge(seal.count));
        Ok(())
    }

    async fn measure(&self, now: UnixTime) -> Result<(), JobError> {
        let waiting = self.store.outbox_backlog().await?;
        let age = waiting.oldest.map_or(0, |made| now.seconds().saturating_sub(made.seconds()));
        self.counts.mails.set(gauge(waiting.mails));
        self.counts.oldest_mail.set(gauge(age));
        self.counts.credentials.set(gauge(self.codes.under()));
        self.counts.room.set(gauge(self.codes.room()));
        self.payments.under_way(&self.store, now).await?;
        self.measure_aliases(now).await
    }

    /// Apart from the job that fills the index, so that it is told, too, when that one is dead.
    async fn measure_aliases(&self, now: UnixTime) -> Result<(), JobError> {
        let mut least: Option<Ready> = None;
        for scheme in self.store.schemes().await? {
            let ready = codes::ready(&self.store, scheme, now).await?;
            least = Some(least.map_or(ready, |least| Ready {
                seconds: least.seconds.min(ready.seconds),
                late: least.late || ready.late,
            }));
        }
        let Some(Ready { seconds, late }) = least else { return Ok(()) };
        self.counts.aliases_ready.set(gauge(seconds));
        let before = self.counts.aliases_late.get() == 1;
        self.counts.aliases_late.set(i64::from(late));
        if late && !before {
            tracing::error!(
                seconds,
                "payment code index runs out in {seconds} s; codes will be declined after that"
            );
        }
        Ok(())
    }

    async fn wrong_codes(&self, now: UnixTime) -> Result<(), JobError> {
        let wrong = WrongCodes::of(&self.store, now).await?;
        if self.payments.wrong_codes(wrong) {
            let WrongCodes { today, usual } = wrong;
            tracing::error!(today, usual, "unusually many invalid codes: see the report");
        }
        Ok(())
    }

    async fn reconcile(&self) -> Result<(), StoreError> {
        match &self.charger {
            Some(charger) => charger.reconcile().await,
            None => Ok(()),
        }
    }

    /// Goes once over every account that was made, a day after it was: what is no sign-up by then never is one again.
    async fn sign_ups(&self, now: UnixTime) -> Result<(), JobError> {
        let before = earlier(now, SIGN_UP_LIFE);
        loop {
            let after = self.cursors().sign_up;
            let page = self.store.accounts_made_before(before, after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            for (account, _) in page.iter().filter(|(_, kind)| *kind == AccountStage::PendingSignUp)
            {
                self.store.remove_pending_sign_up(*account).await?;
            }
            self.cursors().sign_up = Some(*last);
        }
    }

    /// Goes once over every line of the log that says so, when the time is over. The account decides: its owner may have
    /// thought better of it. One that is frozen comes again, since whoever froze it may let it go, and so does one that
    /// cannot be deleted, which is in no other's way.
    async fn closings(&self, now: UnixTime) -> Result<(), JobError> {
        let before = earlier(now, DELETION_GRACE);
        let again = self.cursors().closing_again.iter().copied().collect();
        let mut faults = self.close(again).await;
        loop {
            let after = self.cursors().closing;
            let page = self.store.deletion_requests_before(before, after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            faults += self.close(page.iter().map(|(_, account)| *account).collect()).await;
            self.cursors().closing = Some(*last);
        }
        if faults == 0 { Ok(()) } else { Err(JobError::NotDeleted(faults)) }
    }

    /// Deletes those that decide for it, and keeps in mind which have to come again; of how many that is for a fault.
    async fn close(&self, accounts: Vec<AccountId>) -> usize {
        let mut faults = 0;
        for account in accounts {
            let closed = self.accounts.delete_if_due(account).await;
            let is_over = match closed {
                Ok(()) => true,
                Err(AccountError::Refused(refusal)) => refusal != Refusal::Frozen,
                Err(error) => {
                    tracing::error!(%account, %error, "an account cannot be deleted");
                    faults += 1;
                    false
                }
            };
            let mut cursors = self.cursors();
            if is_over {
                cursors.closing_again.remove(&account);
            } else {
                cursors.closing_again.insert(account);
            }
        }
        faults
    }

    /// One page each time, round and round: a row costs the reading of its account.
    async fn sessions(&self, now: UnixTime) -> Result<(), JobError> {
        let after = self.cursors().session.clone();
        let page = self.store.session_rows(after.as_ref(), PAGE).await?;
        self.cursors().session = page.last().cloned();
        let over = page.into_iter().filter(|row| {
            let world = Accounts::policy_context(&row.context.global_state, now);
            match &row.context.state {
                Account::Active(live) => live.session(row.context.session, &world).is_none(),
                _ => true,
            }
        });
        Ok(self.store.remove_sessions(over.collect()).await?)
    }

    async fn answers(&self, now: UnixTime) -> Result<(), JobError> {
        self.store.prune_attempt_counts(now).await?;
        Ok(self.store.drop_idempotency_records(now).await?)
    }

    fn cursors(&self) -> std::sync::MutexGuard<'_, Cursors> {
        self.cursors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn earlier(now: UnixTime, seconds: u64) -> UnixTime {
    now.shifted(i64::try_from(seconds).map_or(i64::MIN, |seconds| -seconds))
}

/// What is counted of the jobs.
pub(crate) struct JobCounts {
    mails: IntGauge,
    oldest_mail: IntGauge,
    sealed: IntGauge,
    credentials: IntGauge,
    room: IntGauge,
    aliases_ready: IntGauge,
    aliases_late: IntGauge,
    last_run: IntGaugeVec,
    failures: IntCounterVec,
}

impl JobCounts {
    /// Those of a service, in its registry.
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let counts = Self {
            mails: IntGauge::new("tegata_outbox_mails", "Mails waiting to be sent.")?,
            oldest_mail: IntGauge::new(
                "tegata_outbox_oldest_seconds",
                "Seconds that the oldest mail has waited; 0 if none waits.",
            )?,
            sealed: IntGauge::new(
                "tegata_events_sealed",
                "Number of the last event that is sealed, and signed if checkpoints is set.",
            )?,
            credentials: IntGauge::new(
                "tegata_credentials",
                "Payment credentials under the configured prefix.",
            )?,
            room: IntGauge::new(
                "tegata_credentials_room",
                "Payment credentials that can still be issued under the prefix.",
            )?,
            aliases_ready: IntGauge::new(
                "tegata_aliases_ready_seconds",
                "Seconds until the payment code index runs out; codes are declined after that.",
            )?,
            aliases_late: IntGauge::new(
                "tegata_aliases_late",
                "1 if the next period's index is incomplete although this period is half over.",
            )?,
            last_run: IntGaugeVec::new(
                Opts::new(
                    "tegata_job_last_run_timestamp_seconds",
                    "Unix time of a job's last successful run.",
                ),
                &["job"],
            )?,
            failures: IntCounterVec::new(
                Opts::new("tegata_job_failures_total", "Failed runs of a job."),
                &["job"],
            )?,
        };
        registry.register(Box::new(counts.mails.clone()))?;
        registry.register(Box::new(counts.oldest_mail.clone()))?;
        registry.register(Box::new(counts.sealed.clone()))?;
        registry.register(Box::new(counts.credentials.clone()))?;
        registry.register(Box::new(counts.room.clone()))?;
        registry.register(Box::new(counts.aliases_ready.clone()))?;
        registry.register(Box::new(counts.aliases_late.clone()))?;
        registry.register(Box::new(counts.last_run.clone()))?;
        registry.register(Box::new(counts.failures.clone()))?;
        // There from the start: who watches for a rise needs a zero to rise from.
        for job in Job::ALL {
            counts.failures.with_label_values(&[job.name()]).reset();
        }
        Ok(counts)
    }

    fn ran(&self, job: Job, now: UnixTime) {
        self.last_run.with_label_values(&[job.name()]).set(gauge(now.seconds()));
    }

    fn failed(&self, job: Job) {
        self.failures.with_label_values(&[job.name()]).inc();
    }
}
