//! Counts of work, for `/metrics`, and for tests that hold two requests to the same work. Labels are constants.

use prometheus::core::Collector;
use prometheus::{IntCounterVec, Opts};

/// Counters of work. A clone counts in the same place.
#[derive(Clone, Debug)]
pub(crate) struct WorkCounts {
    done: IntCounterVec,
    compared: IntCounterVec,
    by: &'static str,
}

/// An operation that costs the store or a processor something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// A statement that reads, by itself.
    Read,
    /// A transaction of the store's.
    Transaction,
    /// A statement within one that reads.
    ReadWithin,
    /// A statement within one that writes.
    Write,
    /// A run of Argon2id.
    Password,
}

/// A kind of stored secret that a request is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ComparedSecret {
    /// A password.
    Password,
    /// A mailed code.
    MailedCode,
    /// A value of an authenticator.
    Totp,
    /// A recovery code.
    Recovery,
    /// The code of a notice.
    Notice,
}

impl WorkCounts {
    fn new() -> prometheus::Result<Self> {
        let done = Opts::new(
            "tegata_work_total",
            "Operations on the store and keys, by kind and by who asked.",
        );
        let compared = Opts::new(
            "tegata_comparisons_total",
            "Comparisons of secrets, with a stored one or with a decoy that takes the same time.",
        );
        Ok(Self {
            done: IntCounterVec::new(done, &["what", "by"])?,
            compared: IntCounterVec::new(compared, &["of", "with"])?,
            by: "requests",
        })
    }

    /// What counts for somebody else, in the same place.
    pub(crate) fn by(self, by: &'static str) -> Self {
        Self { by, ..self }
    }

    /// What a registry takes.
    pub(crate) fn collectors(&self) -> [Box<dyn Collector>; 2] {
        [Box::new(self.done.clone()), Box::new(self.compared.clone())]
    }

    pub(crate) fn done(&self, what: Operation, times: usize) {
        let what = match what {
            Operation::Read => "read",
            Operation::Transaction => "transaction",
            Operation::ReadWithin => "read-within",
            Operation::Write => "write",
            Operation::Password => "password",
        };
        self.done.with_label_values(&[what, self.by]).inc_by(times as u64);
    }

    pub(crate) fn compared(&self, of: ComparedSecret, is_kept: bool) {
        let of = match of {
            ComparedSecret::Password => "password",
            ComparedSecret::MailedCode => "mailed-code",
            ComparedSecret::Totp => "totp",
            ComparedSecret::Recovery => "recovery-code",
            ComparedSecret::Notice => "notice-code",
        };
        let with = if is_kept { "kept" } else { "nothing" };
        self.compared.with_label_values(&[of, with]).inc();
    }
}

impl Default for WorkCounts {
    #[expect(
        clippy::expect_used,
        reason = "the names are constants; each test of the store makes one"
    )]
    fn default() -> Self {
        Self::new().expect("names of metrics are valid and differ")
    }
}
