//! `tegata issuer`: the issuer's service, and what its operator does.

mod log;
mod operate;
mod report;
mod safekeeping;
mod serve;
mod till;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tegata_issuer::admin::{Operator, OperatorError};
use tegata_issuer::config::{Config, Layers};
use tegata_issuer::domain::{Environment, Reason};

use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the service until SIGTERM or SIGINT. It logs to standard error.
    #[command(
        after_help = "docs/issuer.md lists all settings; each can also be set by an environment \
                      variable such as TEGATA_ISSUER_LISTEN.\n\n\
                      Example: tegata issuer serve --listen 127.0.0.1:8080 --store sqlite:issuer.sqlite --check"
    )]
    Serve(serve::Serve),
    /// Kill switch: stop some or all operations of shoppers within a second, until they are resumed.
    #[command(
        after_help = "Example: tegata issuer stop log-in reset --why \"a wave of log-ins from one network\""
    )]
    Stop(operate::Switching),
    /// Resume stopped operations.
    #[command(after_help = "Example: tegata issuer resume --all --why \"the wave is over\"")]
    Resume(operate::Switching),
    /// Revoke the sessions, resets and payment credentials of all accounts.
    #[command(
        after_help = "Example: tegata issuer revoke --all --why \"tokens were seen in a log\""
    )]
    Revoke(operate::Revoke),
    /// Freeze an account, or unfreeze it with --off.
    #[command(after_help = "Example: tegata issuer freeze hanako@example.org --why \"phone lost\"")]
    Freeze(operate::Freeze),
    /// Add, list and revoke tills.
    #[command(subcommand, after_help = "Example: tegata issuer till list")]
    Till(till::Tills),
    /// Void a payment.
    #[command(
        after_help = "Example: tegata issuer void 018f22e279b07cc3bfffffffffffffff --why \"charged for what was not sold\""
    )]
    Void(till::TakeBack),
    /// Refund a charged payment in full.
    #[command(
        after_help = "Example: tegata issuer refund 018f22e279b07cc3bfffffffffffffff --why \"the kettle was broken\""
    )]
    Refund(till::TakeBack),
    /// Report unusual spending: who, where, how far above the usual, and what to do.
    #[command(after_help = "Example: tegata issuer report --since 7d")]
    Report(report::Report),
    /// Verify, read and seal the audit log.
    #[command(subcommand, after_help = "Example: tegata issuer audit verify")]
    Audit(log::Audit),
    /// Back up the store into a new file while it is in use.
    #[command(
        after_help = "It does not contain the server key, which is needed to open it: keep both, \
                      in different places.\n\n\
                      Example: tegata issuer backup issuer-monday.backup --why \"each night\""
    )]
    Backup(safekeeping::Backup),
    /// Restore a backup as a new store. Sessions, resets and payment credentials from before become void.
    #[command(
        after_help = "Example: tegata issuer restore issuer-monday.backup --store sqlite:new.sqlite --why \"the disk broke\""
    )]
    Restore(safekeeping::Backup),
    /// Replace the server key, or the key that secrets are sealed with.
    #[command(
        after_help = "Example: tegata issuer rotate-key --server-key-to new.key --why \"ann, who had the key, has left\""
    )]
    RotateKey(safekeeping::RotateKey),
}

pub(crate) fn run(command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Serve(serve) => serve.run(output),
        Command::Stop(switching) => switching.stop(output),
        Command::Resume(switching) => switching.resume(output),
        Command::Revoke(revoke) => revoke.run(output),
        Command::Freeze(freeze) => freeze.run(output),
        Command::Till(tills) => tills.run(output),
        Command::Void(which) => which.void(output),
        Command::Refund(which) => which.refund(output),
        Command::Report(report) => report.run(output),
        Command::Audit(audit) => audit.run(output),
        Command::Backup(file) => file.backup(output),
        Command::Restore(file) => file.restore(output),
        Command::RotateKey(rotation) => rotation.run(output),
    }
}

/// Where the settings come from: the service's own, so that both work on the same store.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// The store: `sqlite:FILE` or `postgres://USER@HOST/DATABASE`.
    #[arg(long)]
    store: Option<String>,
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Settings {
    fn load(self, flag: Option<(&'static str, String)>) -> Result<Config, Failure> {
        let store = self.store.map(|store| ("store", store));
        let layers = Layers {
            file: self.config,
            environment: std::env::vars_os().collect(),
            flags: flag.into_iter().chain(store).collect(),
        };
        Config::load(&layers).map_err(|wrong| Failure::Usage(wrong.to_string()))
    }

    fn operator(self) -> Result<Operator, Failure> {
        Operator::open(self.load(None)?, Environment::system())
            .map_err(|error| Failure::to("work on the store")(&error))
    }
}

/// Who does it, and why: a line of the log.
#[derive(Debug, Args)]
pub(crate) struct Because {
    /// The reason, for the audit log, which cannot be changed later. Do not name a shopper.
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// The operator's name. Default: the user who is logged in.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl Because {
    fn reason(&self) -> Result<Reason, Failure> {
        let by = self.by.clone().or_else(|| std::env::var("USER").ok());
        let by = by.ok_or_else(|| Failure::Usage("give --by NAME: USER is not set".into()))?;
        Reason::new(&by, &self.why)
            .map_err(|error| Failure::Usage(format!("--why and --by: {error}")))
    }
}

/// What was not done, as a sentence.
fn not(doing: &str) -> impl Fn(OperatorError) -> Failure {
    move |error| Failure::to(doing)(&error)
}
