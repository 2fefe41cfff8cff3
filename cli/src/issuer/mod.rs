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
    /// Run the service until it is told to stop (SIGTERM or SIGINT). Its log goes to standard error.
    #[command(
        after_help = "What else can be set stands in docs/issuer.md; TEGATA_ISSUER_LISTEN and the like set it, too.\n\n\
                      Example: tegata issuer serve --listen 127.0.0.1:8080 --store sqlite:issuer.sqlite --check"
    )]
    Serve(serve::Serve),
    /// Stop what shoppers do, each kind on its own or all at once, within a second and until it is resumed.
    #[command(
        after_help = "Example: tegata issuer stop log-in reset --why \"a wave of log-ins from one network\""
    )]
    Stop(operate::Switching),
    /// Let go on what was stopped.
    #[command(after_help = "Example: tegata issuer resume --all --why \"the wave is over\"")]
    Resume(operate::Switching),
    /// Make the sessions, resets and payment credentials of all accounts void.
    #[command(
        after_help = "Example: tegata issuer revoke --all --why \"tokens were seen in a log\""
    )]
    Revoke(operate::Revoke),
    /// Freeze one account, or let it go with --off.
    #[command(
        after_help = "Example: tegata issuer freeze hanako@example.org --why \"she telephoned: her phone is gone\""
    )]
    Freeze(operate::Freeze),
    /// Tills: add one, list them, revoke one.
    #[command(subcommand, after_help = "Example: tegata issuer till list")]
    Till(till::Tills),
    /// Take a payment back.
    #[command(
        after_help = "Example: tegata issuer void 018f22e279b07cc3bfffffffffffffff --why \"charged for what was not sold\""
    )]
    Void(till::TakeBack),
    /// Give the whole of a payment back that was charged.
    #[command(
        after_help = "Example: tegata issuer refund 018f22e279b07cc3bfffffffffffffff --why \"the kettle was broken\""
    )]
    Refund(till::TakeBack),
    /// Tell of spending that stands out: who, where, how far above the usual, and what to do.
    #[command(after_help = "Example: tegata issuer report --since 7d")]
    Report(report::Report),
    /// The log of what was done: hold it to its seals, read it, seal it now.
    #[command(subcommand, after_help = "Example: tegata issuer audit verify")]
    Audit(log::Audit),
    /// Copy the store into a new file, while it is in use.
    #[command(
        after_help = "The server key is not in it and opens it: keep both, and not in one place.\n\n\
                      Example: tegata issuer backup issuer-monday.backup --why \"each night\""
    )]
    Backup(safekeeping::Backup),
    /// Put a backup where the store would be: what was made before is void then.
    #[command(
        after_help = "Example: tegata issuer restore issuer-monday.backup --store sqlite:new.sqlite --why \"the disk broke\""
    )]
    Restore(safekeeping::Backup),
    /// Put another key in the place of the server key, or of the key that secrets are sealed with.
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
    /// Where accounts are kept: `sqlite:FILE` or `postgres://USER@HOST/DATABASE`.
    #[arg(long)]
    store: Option<String>,
    /// A file of settings (TOML).
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
    /// Why, for the log, which nobody can change later. Write no name of a shopper.
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// Who does it; without it, the user that is logged in here.
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
