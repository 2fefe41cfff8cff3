//! What is counted of mails.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use super::transport::SendError;

/// What is counted of mails. A clone counts in the same place.
#[derive(Clone, Debug)]
pub(crate) struct MailCounts {
    sent: IntCounter,
    failures: IntCounterVec,
    given_up: IntCounterVec,
    unavailable: IntGauge,
}

/// Why a mail that waited is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GivenUp {
    /// The server said that the recipient does not exist or takes no mail.
    Recipient,
    /// Its code had too little time left, or it had waited for three days.
    Expired,
    /// It cannot be opened or read.
    Unreadable,
}

impl GivenUp {
    const ALL: [Self; 3] = [Self::Recipient, Self::Expired, Self::Unreadable];

    const fn name(self) -> &'static str {
        match self {
            Self::Recipient => "recipient",
            Self::Expired => "expired",
            Self::Unreadable => "unreadable",
        }
    }
}

impl MailCounts {
    /// Registers the counts of a service.
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let counts = Self {
            sent: IntCounter::new("tegata_mails_sent_total", "Mails that the server accepted.")?,
            failures: IntCounterVec::new(
                Opts::new("tegata_mail_failures_total", "Tries to send a mail that failed."),
                &["reason"],
            )?,
            given_up: IntCounterVec::new(
                Opts::new("tegata_mails_given_up_total", "Mails that were never sent."),
                &["reason"],
            )?,
            unavailable: IntGauge::new(
                "tegata_mail_server_unavailable",
                "1 while there is no conversation with the mail server.",
            )?,
        };
        registry.register(Box::new(counts.sent.clone()))?;
        registry.register(Box::new(counts.failures.clone()))?;
        registry.register(Box::new(counts.given_up.clone()))?;
        registry.register(Box::new(counts.unavailable.clone()))?;
        // There from the start: who watches for a rise needs a zero to rise from.
        for reason in SendError::REASONS {
            counts.failures.with_label_values(&[reason]).reset();
        }
        for reason in GivenUp::ALL {
            counts.given_up.with_label_values(&[reason.name()]).reset();
        }
        Ok(counts)
    }

    pub(super) fn sent(&self) {
        self.sent.inc();
    }

    pub(super) fn failed(&self, error: &SendError) {
        self.failures.with_label_values(&[error.reason()]).inc();
    }

    pub(super) fn given_up(&self, reason: GivenUp, mails: usize) {
        let mails = u64::try_from(mails).unwrap_or(u64::MAX);
        self.given_up.with_label_values(&[reason.name()]).inc_by(mails);
    }

    pub(super) fn set_unavailable(&self, is_unavailable: bool) {
        self.unavailable.set(i64::from(is_unavailable));
    }
}
