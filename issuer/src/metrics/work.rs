//! Work, counted: for `/metrics`, and for tests that hold two requests to the same work. Labels are constants.

use prometheus::core::Collector;
use prometheus::{IntCounterVec, Opts};

/// Where work is counted. A clone counts in the same place.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    done: IntCounterVec,
    compared: IntCounterVec,
    by: &'static str,
}

/// What costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
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

/// What somebody's word is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
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

impl Work {
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

    pub(crate) fn done(&self, what: Done, times: usize) {
        let what = match what {
            Done::Read => "read",
            Done::Transaction => "transaction",
            Done::ReadWithin => "read-within",
            Done::Write => "write",
            Done::Password => "password",
        };
        self.done.with_label_values(&[what, self.by]).inc_by(times as u64);
    }

    pub(crate) fn compared(&self, of: Of, is_kept: bool) {
        let of = match of {
            Of::Password => "password",
            Of::MailedCode => "mailed-code",
            Of::Totp => "totp",
            Of::Recovery => "recovery-code",
            Of::Notice => "notice-code",
        };
        let with = if is_kept { "kept" } else { "nothing" };
        self.compared.with_label_values(&[of, with]).inc();
    }
}

impl Default for Work {
    #[expect(
        clippy::expect_used,
        reason = "the names are constants; each test of the store makes one"
    )]
    fn default() -> Self {
        Self::new().expect("names of metrics are valid and differ")
    }
}
