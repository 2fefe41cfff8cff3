//! How a command ends when it does not end well: one sentence on stderr and an exit code.

use std::process::ExitCode;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The answer is no: refused, wrong, not found. Exit code 1.
    #[error("{0}")]
    No(String),
    /// The answer is no, and standard output has said so already. Exit code 1.
    #[error("")]
    Said,
    /// Used wrongly. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The reader of our output has gone away; nobody is left to tell.
    #[error("")]
    Unheard,
    /// A signal, by its number. The terminal is put back and what was temporary is gone; now it may have its way.
    #[error("")]
    Signal(i32),
}

impl Failure {
    /// A failure of a part below, with what was being done: `cannot open the wallet: it is in use`.
    pub(crate) fn to(doing: &str) -> impl Fn(&dyn std::fmt::Display) -> Self {
        move |error| Self::No(format!("cannot {doing}: {error}"))
    }

    pub(crate) fn report(&self) {
        let text = self.to_string();
        if !text.is_empty() {
            eprintln!("tegata: {text}");
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::No(_) | Self::Said => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            Self::Unheard => ExitCode::SUCCESS,
            Self::Signal(signal) => {
                // Whoever started us sees that it was the signal, and not an answer. It ends us here.
                let _ = signal_hook::low_level::emulate_default_handler(*signal);
                ExitCode::from(1)
            }
        }
    }
}
