//! `tegata issuer`: the issuer's service and its operator's commands.

mod accounts;
mod audit;
mod backup;
mod kill_switch;
mod manager;
mod migrate;
mod partitions;
mod payment;
mod process_protection;
mod reconcile;
mod report;
mod rotate_key;
mod serve;
mod settings;
mod since;
mod till;

use clap::Subcommand;

use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the service until SIGTERM or SIGINT. It logs to standard error.
    #[command(
        after_help = "docs/issuer.md lists all settings; each can also be set by an environment \
                      variable such as TEGATA_ISSUER_LISTEN.\n\n\
                      Example: tegata issuer serve --development --listen 127.0.0.1:8080 --store sqlite:issuer.sqlite --check"
    )]
    Serve(serve::Serve),
    /// Create the store's tables, unless they are there, and start nothing. The service does it at its start, too.
    #[command(
        after_help = "With PostgreSQL a role that owns the database can do it; the service's own role needs no right \
                      to create tables then.\n\n\
                      Example: tegata issuer migrate --store sqlite:issuer.sqlite"
    )]
    Migrate(migrate::Migrate),
    /// Kill switch: stop some or all operations of shoppers within a second, until they are resumed.
    #[command(
        after_help = "Example: tegata issuer stop log-in reset --why \"a wave of log-ins from one network\""
    )]
    Stop(kill_switch::KillSwitchArgs),
    /// Resume stopped operations.
    #[command(after_help = "Example: tegata issuer resume --all --why \"the wave is over\"")]
    Resume(kill_switch::KillSwitchArgs),
    /// Revoke the sessions, resets and payment credentials of all accounts.
    #[command(
        after_help = "Example: tegata issuer revoke --all --why \"tokens were seen in a log\""
    )]
    Revoke(accounts::Revoke),
    /// Freeze an account, or unfreeze it with --off.
    #[command(after_help = "Example: tegata issuer freeze hanako@example.org --why \"phone lost\"")]
    Freeze(accounts::Freeze),
    /// Add, list and revoke tills.
    #[command(subcommand, after_help = "Example: tegata issuer till list")]
    Till(till::Tills),
    /// Void a payment.
    #[command(
        after_help = "Example: tegata issuer void 018f22e279b07cc3bfffffffffffffff --why \"charged for what was not sold\""
    )]
    Void(payment::PaymentArgs),
    /// Refund a charged payment in full.
    #[command(
        after_help = "Example: tegata issuer refund 018f22e279b07cc3bfffffffffffffff --why \"the kettle was broken\""
    )]
    Refund(payment::PaymentArgs),
    /// Report unusual spending: who, where, how far above the usual, and what to do.
    #[command(after_help = "Example: tegata issuer report --since 7d")]
    Report(report::Report),
    /// Verify, read and seal the audit log.
    #[command(subcommand, after_help = "Example: tegata issuer audit verify")]
    Audit(audit::Audit),
    /// Back up the store into a new file while it is in use.
    #[command(
        after_help = "It does not contain the server key, which is needed to open it: keep both, \
                      in different places.\n\n\
                      Example: tegata issuer backup issuer-monday.backup --why \"each night\""
    )]
    Backup(backup::BackupArgs),
    /// Restore a backup as a new store. Sessions, resets and payment credentials from before become void.
    #[command(
        after_help = "Example: tegata issuer restore issuer-monday.backup --store sqlite:new.sqlite --why \"the disk broke\""
    )]
    Restore(backup::BackupArgs),
    /// Compare the processor's charges with the payments here, and settle what differs: after a restore, payments made
    /// since the backup are unknown here and charged there.
    #[command(
        after_help = "Without --settle it only reports; exit code 1 if anything differs or is left.\n\n\
                      Example: tegata issuer reconcile --since 24h --settle --why \"restored the backup of Monday\""
    )]
    Reconcile(reconcile::Reconcile),
    /// List the months of payments and events, and take old ones out of the store (PostgreSQL).
    #[command(subcommand, after_help = "Example: tegata issuer partitions list")]
    Partitions(partitions::Partitions),
    /// Replace the server key, or the key that secrets are sealed with.
    #[command(
        after_help = "Example: tegata issuer rotate-key --server-key-to new.key --why \"ann, who had the key, has left\""
    )]
    RotateKey(rotate_key::RotateKey),
}

pub(crate) fn run(command: Command, output: &Output) -> Result<(), Failure> {
    process_protection::make_files_private();
    match command {
        Command::Serve(serve) => serve.run(output),
        Command::Migrate(migrate) => migrate.run(output),
        Command::Stop(switches) => switches.stop(output),
        Command::Resume(switches) => switches.resume(output),
        Command::Revoke(revoke) => revoke.run(output),
        Command::Freeze(freeze) => freeze.run(output),
        Command::Till(tills) => tills.run(output),
        Command::Void(payment) => payment.void(output),
        Command::Refund(payment) => payment.refund(output),
        Command::Report(report) => report.run(output),
        Command::Audit(audit) => audit.run(output),
        Command::Backup(file) => file.backup(output),
        Command::Restore(file) => file.restore(output),
        Command::Reconcile(reconcile) => reconcile.run(output),
        Command::Partitions(partitions) => partitions.run(output),
        Command::RotateKey(rotation) => rotation.run(output),
    }
}
