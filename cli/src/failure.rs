//! A command's failure: one sentence on standard error and an exit code.

use std::process::ExitCode;

use tegata::text::escape;

/// The reason why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Refused, invalid or not found. Exit code 1.
    #[error("{0}")]
    Failed(String),
    /// Failed, and standard output already says so. Exit code 1.
    #[error("")]
    AlreadyReported,
    /// Invalid arguments. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// A value is not of its form: a person is prompted for it again. Exit code 2.
    #[error("{0}")]
    Mistyped(String),
    /// The reader of standard output closed it, so nothing can be reported.
    #[error("")]
    OutputClosed,
    /// A signal, by its number. The terminal is restored and temporary files are gone; now the signal may end the process.
    #[error("")]
    Signal(i32),
}

/// Prints lines on standard error, in which names and messages from outside stand as plain text.
pub(crate) fn tell(text: &str) {
    eprintln!("{}", plain_lines(text));
}

/// Escapes what is not plain text in each line: no name or message from outside commands the terminal.
pub(crate) fn plain_lines(text: &str) -> String {
    text.split('\n').map(escape).collect::<Vec<_>>().join("\n")
}

impl Failure {
    /// Wraps an error with what could not be done: `cannot open the wallet: it is in use`.
    pub(crate) fn cannot(doing: &str) -> impl Fn(&dyn std::fmt::Display) -> Self {
        move |error| Self::Failed(format!("cannot {doing}: {error}"))
    }

    pub(crate) fn report(&self) {
        let text = self.to_string();
        if !text.is_empty() {
            tell(&format!("tegata: {text}"));
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failed(_) | Self::AlreadyReported => ExitCode::from(1),
            Self::Usage(_) | Self::Mistyped(_) => ExitCode::from(2),
            Self::OutputClosed => ExitCode::SUCCESS,
            Self::Signal(signal) => {
                // Ends the process here, so that the parent process sees the signal.
                let _ = signal_hook::low_level::emulate_default_handler(*signal);
                ExitCode::from(1)
            }
        }
    }
}
