//! What is counted of the jobs.

use prometheus::{IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use tegata::UnixTime;

use super::job::Job;
use crate::metrics::gauge;

/// What is counted of the jobs.
pub(crate) struct JobCounts {
    pub(super) mails: IntGauge,
    pub(super) oldest_mail: IntGauge,
    pub(super) sealed: IntGauge,
    pub(super) credentials: IntGauge,
    pub(super) room: IntGauge,
    pub(super) aliases_ready: IntGauge,
    pub(super) aliases_late: IntGauge,
    pub(super) rows_without_month: IntGauge,
    pub(super) rows_of_detached_months: IntGauge,
    last_run: IntGaugeVec,
    failures: IntCounterVec,
}

impl JobCounts {
    /// Registers the counts of a service.
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
            rows_without_month: IntGauge::new(
                "tegata_partition_missing_rows",
                "Payments and events whose month has no partition, up to 20000; PostgreSQL only.",
            )?,
            rows_of_detached_months: IntGauge::new(
                "tegata_partition_detached_rows",
                "Payments and events written although their month is detached; PostgreSQL only.",
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
        registry.register(Box::new(counts.rows_without_month.clone()))?;
        registry.register(Box::new(counts.rows_of_detached_months.clone()))?;
        registry.register(Box::new(counts.last_run.clone()))?;
        registry.register(Box::new(counts.failures.clone()))?;
        // There from the start: who watches for a rise needs a zero to rise from.
        for job in Job::ALL {
            counts.failures.with_label_values(&[job.name()]).reset();
        }
        Ok(counts)
    }

    pub(super) fn succeeded(&self, job: Job, now: UnixTime) {
        self.last_run.with_label_values(&[job.name()]).set(gauge(now.seconds()));
    }

    pub(super) fn failed(&self, job: Job) {
        self.failures.with_label_values(&[job.name()]).inc();
    }
}
