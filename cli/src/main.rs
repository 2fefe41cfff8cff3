//! The command line of Tegata: `tegata demo`, `wallet`, `issuer` and developer tools.

mod card_form;
mod code;
mod demo;
mod failure;
mod issuer;
mod issuer_client;
mod otp;
mod output;
mod screen;
mod secret;
mod symbol;
mod wallet;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::failure::Failure;
use crate::output::Output;

/// Zeroizes freed memory: request bodies pass through buffers of hyper, rustls and serde, which `Zeroizing` does not
/// cover. An issuer's threads free each other's memory, at which the system's allocator is slow.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<mimalloc::MiMalloc> =
    zeroizing_alloc::ZeroAlloc(mimalloc::MiMalloc);

/// A wallet core in the terminal: payment barcodes made without a network, accepted once.
///
/// Without a command: the demo.
#[derive(Debug, Parser)]
#[command(name = "tegata", version, after_help = "Example: tegata demo")]
struct Cli {
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Interactive demo: a payment barcode in the terminal and a till that accepts it once, followed by a scripted tour.
    #[command(after_help = "Example: tegata demo --script")]
    Demo(demo::Demo),
    /// Wallet in the terminal, in an encrypted file.
    Wallet(Box<wallet::Command>),
    /// Run and administer the issuer's service.
    #[command(
        subcommand,
        after_help = "Example: tegata issuer serve --development --listen 127.0.0.1:8080 --check"
    )]
    Issuer(issuer::Command),
    /// Derive, decode and verify payment codes.
    #[command(
        subcommand,
        after_help = "Example: tegata code decode 010168606235459802301338 --prefix 01016860"
    )]
    Code(code::Command),
    /// Read the URIs of one-time passwords of any service and compute their codes.
    #[command(
        subcommand,
        after_help = "Example: tegata otp decode \"otpauth://totp/Mail:ann?secret=JBSWY3DPEHPK3PXP\""
    )]
    Otp(otp::Command),
    /// Draw a text as a QR code or barcode.
    Symbol(symbol::Command),
    /// Print a completion script for a shell.
    #[command(after_help = "Example: tegata completions bash > tegata.bash")]
    Completions {
        /// bash, elvish, fish, powershell or zsh.
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    let result = match cli.command {
        Some(Command::Wallet(command)) => wallet::run(&command, &output),
        Some(Command::Issuer(command)) => issuer::run(command, &output),
        Some(Command::Code(command)) => code::run(command, &output),
        Some(Command::Otp(command)) => otp::run(&command, &output),
        Some(Command::Symbol(command)) => symbol::run(&command, &output),
        Some(Command::Completions { shell }) => completions(shell),
        Some(Command::Demo(demo)) => demo::run(&demo, &output),
        None => demo::run(&demo::Demo::default(), &output),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.exit_code()
        }
    }
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tegata", &mut script);
    Output::write(&script)
}
