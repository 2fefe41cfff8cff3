//! `tegata wallet`: a wallet in the terminal, on a vault file whose key a passphrase guards.

mod account;
mod items;
mod moving;
mod open;
mod pay;
mod pin;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use self::open::WalletFiles;
use crate::code::alias_period;
use crate::failure::Failure;
use crate::otp::UriArg;
use crate::output::Output;
use crate::secret::SecretSource;
use tegata::code::{AliasPeriod, Prefix};

#[derive(Debug, Args)]
#[command(after_help = "Example: tegata wallet --vault tegata.vault list")]
pub(crate) struct Command {
    /// The wallet's file.
    #[arg(long, value_name = "FILE", default_value = "tegata.vault", global = true)]
    vault: PathBuf,
    /// The keystore's file; without it, the wallet's with .key at its end.
    #[arg(long, value_name = "FILE", global = true)]
    keystore: Option<PathBuf>,
    /// The passphrase: @FILE, or - for standard input. Without it you are asked.
    #[arg(long, value_name = "@FILE", global = true)]
    passphrase: Option<SecretSource>,
    /// The PIN of the payment lock, where there is one: @FILE, or - for standard input. Without it you are asked.
    #[arg(long, value_name = "@FILE", global = true)]
    pin: Option<SecretSource>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a new, empty wallet.
    #[command(after_help = "Example: tegata wallet init")]
    Init,
    /// What the wallet is and how it does.
    #[command(after_help = "Example: tegata wallet status")]
    Status,
    /// Store a payment credential, a one-time password or a pass.
    #[command(
        subcommand,
        after_help = "Example: tegata wallet add pass --title \"Bus ticket\" --format qr --message B0077"
    )]
    Add(Add),
    /// All that the wallet holds.
    #[command(after_help = "Example: tegata wallet list")]
    List,
    /// One thing that the wallet holds: a pass with its symbol, a one-time password with its code. Never a secret.
    ///
    /// Showing a one-time password that follows a counter uses that code up.
    #[command(after_help = "Example: tegata wallet show \"Library card\"")]
    Show {
        /// Its name (of a one-time password: issuer, account, or both as in Mail:ann), its id, or enough of the id's beginning.
        name: String,
    },
    /// A payment barcode that renews itself; one code and no more when not in a terminal.
    ///
    /// With a till's card, which its page shows as a QR code, the code is good at that till alone; the card is checked,
    /// and the shop's name shown, before a code is made.
    #[command(after_help = "Example: tegata wallet pay --till shibuya-01")]
    Pay {
        /// The credential's name or id, or enough of the id's beginning; not needed when there is just one.
        name: Option<String>,
        /// Only for the till of this card: its text, @FILE, or - for standard input. A till's id is taken, too, and
        /// cannot be checked.
        #[arg(long, value_name = "CARD")]
        till: Option<SecretSource>,
    },
    /// Lock payments with a PIN, or change it.
    ///
    /// From then on whoever pays or stores a payment credential is asked for it. After ten wrong ones in a row the PIN
    /// is given up; then only --lost is left.
    #[command(after_help = "Example: tegata wallet pin --new @new-pin")]
    Pin(pin::Pin),
    /// Make an account at an issuer: a mailed code, a password, a second factor.
    #[command(
        after_help = "Example: tegata wallet sign-up hanako@example.org --issuer http://127.0.0.1:8080"
    )]
    SignUp(account::SignUp),
    /// Log in at the issuer. On a device that the account does not know, a second factor is needed.
    #[command(
        after_help = "Example: tegata wallet log-in hanako@example.org --issuer http://127.0.0.1:8080"
    )]
    LogIn(account::LogIn),
    /// A new second factor in the place of the old one, or new recovery codes.
    #[command(after_help = "Example: tegata wallet second-factor --recovery-codes")]
    SecondFactor(account::SecondFactor),
    /// A new password for one that was forgotten: a code mailed to the verified address, and the second factor.
    #[command(
        after_help = "Example: tegata wallet reset hanako@example.org --issuer http://127.0.0.1:8080"
    )]
    Reset(account::Reset),
    /// The account's devices and sessions: list, forget, end, log out.
    #[command(after_help = "Example: tegata wallet devices --log-out")]
    Devices(account::Devices),
    /// The account's cards: list, add, say which is charged, remove.
    #[command(after_help = "Example: tegata wallet cards add pm_card_visa")]
    Cards(account::Cards),
    /// What you have paid: asked of the issuer, and kept to be shown without it.
    #[command(after_help = "Example: tegata wallet history --receipt 1")]
    History(account::History),
    /// All that the issuer keeps of you, as JSON: the account, its devices and sessions, its cards, what you paid, and what
    /// happened to it. But what proves you: password, second factor and codes are given to nobody.
    #[command(after_help = "Example: tegata wallet my-data --to my-data.json")]
    MyData(account::MyData),
    /// Stop all spending of the account, let it go again, or take changes back that somebody else made.
    #[command(after_help = "Example: tegata wallet freeze --take-back --recovery-code @code")]
    Freeze(account::Freeze),
    /// Another e-mail address for the account: a code is mailed there, and the old address hears of it.
    #[command(after_help = "Example: tegata wallet address hanako@example.com")]
    Address(account::Address),
    /// Delete the account at the issuer: in seven days, so that it can be thought over.
    #[command(after_help = "Example: tegata wallet close --yes")]
    Close(account::Close),
    /// Keep an account that was to be deleted.
    #[command(after_help = "Example: tegata wallet keep")]
    Keep(account::Keep),
    /// A one-time password as an otpauth URI, secret and all, to move it elsewhere. Payment credentials never leave.
    #[command(after_help = "Example: tegata wallet export Mail:ann")]
    Export {
        /// Its name (issuer, account, or both as in Mail:ann), its id, or enough of the id's beginning.
        name: String,
    },
    /// Passes and one-time passwords to a new phone, sealed to it: begin there, give here, take there.
    #[command(subcommand, after_help = "Example: tegata wallet move begin")]
    Move(moving::Move),
    /// Open a wallet that is an older copy, as from a backup, and take it for the last one: payments are dropped.
    #[command(after_help = "Example: tegata wallet adopt --yes")]
    Adopt {
        /// Yes, drop payment credentials and their lock.
        #[arg(long)]
        yes: bool,
    },
    /// Remove the wallet and its keystore for good.
    #[command(after_help = "Example: tegata wallet destroy --yes")]
    Destroy {
        /// Yes, for good.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Add {
    /// A payment credential: of the issuer that the wallet is logged in at, in the place of the one before, or of a seed.
    ///
    /// A sign-up and a log-in with a second factor have fetched one already. Without a seed, the issuer asks for the
    /// second factor if it was not given within five minutes.
    #[command(after_help = "Example: tegata wallet add payment --factor-here")]
    Payment {
        /// Whose it is, as it will be shown; without it, and without a seed, the issuer's address.
        #[arg(long)]
        label: Option<String>,
        /// With a seed: the issuer's routing digits, 4 to 8.
        #[arg(long, value_name = "DIGITS", requires = "seed")]
        prefix: Option<Prefix>,
        /// With a seed: how long an alias stays, in seconds: a multiple of 30.
        #[arg(long, value_name = "SECONDS", default_value = "86400", value_parser = alias_period)]
        alias_period: AliasPeriod,
        /// The seed of a credential that somebody else made: 64 hexadecimal digits, @FILE, or - for standard input.
        #[arg(long, value_name = "HEX", requires_all = ["prefix", "label"])]
        seed: Option<SecretSource>,
        #[command(flatten)]
        factor: account::Given,
    },
    /// One-time passwords of any service, from an otpauth URI or another authenticator's export (all of them or none).
    #[command(
        after_help = "Example: tegata wallet add otp \"otpauth://totp/Mail:ann?secret=JBSWY3DPEHPK3PXP\""
    )]
    Otp {
        #[command(flatten)]
        uri: UriArg,
    },
    /// A pass that someone issued: a ticket, a loyalty card.
    #[command(
        after_help = "Example: tegata wallet add pass --title \"Library card\" --format code128 --message A0042"
    )]
    Pass {
        /// As it will be shown.
        #[arg(long)]
        title: String,
        /// The symbol that it is drawn as.
        #[arg(long)]
        format: crate::symbol::Format,
        /// What a reader is to read.
        #[arg(long)]
        message: String,
        /// What stands below the symbol.
        #[arg(long, value_name = "TEXT")]
        alternate_text: Option<String>,
    },
}

pub(crate) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    let files = WalletFiles::new(command);
    match &command.action {
        Action::Init => {
            files.create()?.close().map_err(|e| Failure::to("close the wallet")(&e))?;
            let (vault, keystore) = (files.vault.display(), files.keystore.display());
            output.answer(
                &format!("{vault}: a new wallet; its key is in {keystore}, under your passphrase"),
                &json!({ "vault": vault.to_string(), "keystore": keystore.to_string() }),
            )
        }
        Action::Destroy { yes } => {
            if !yes {
                let text = "this removes the wallet for good: say --yes if you mean it";
                return Err(Failure::Usage(text.to_owned()));
            }
            files.destroy()?;
            let vault = files.vault.display().to_string();
            output.answer(&format!("{vault}: removed"), &json!({ "removed": vault }))
        }
        Action::Status => items::status(&mut files.open()?, &files, output),
        Action::List => items::list(&mut files.open()?, output),
        Action::Show { name } => items::show(&mut files.open()?, name, output),
        Action::Add(Add::Payment { label, seed: None, factor, .. }) => {
            account::provision::run(label.as_deref(), factor, &files, output)
        }
        Action::Add(add) => {
            // Read what can be wrong before the passphrase is asked for.
            let item = items::read(add)?;
            items::add(&mut files.open()?, &files, item, output)
        }
        Action::Pin(pin) => pin.run(&files, output),
        Action::SignUp(sign_up) => sign_up.run(&files, output),
        Action::LogIn(log_in) => log_in.run(&files, output),
        Action::SecondFactor(second_factor) => second_factor.run(&files, output),
        Action::Reset(reset) => reset.run(&files, output),
        Action::Devices(devices) => devices.run(&files, output),
        Action::Cards(cards) => cards.run(&files, output),
        Action::History(history) => history.run(&files, output),
        Action::MyData(my_data) => my_data.run(&files, output),
        Action::Freeze(freeze) => freeze.run(&files, output),
        Action::Address(address) => address.run(&files, output),
        Action::Close(close) => close.run(&files, output),
        Action::Keep(account::Keep {}) => account::Keep::run(&files, output),
        Action::Export { name } => items::export(&mut files.open()?, name, output),
        Action::Move(command) => command.run(&files, output),
        Action::Adopt { yes } => {
            if !yes {
                let text = "this drops the payment credentials: say --yes if you mean it";
                return Err(Failure::Usage(text.to_owned()));
            }
            let left = files.adopt()?.len();
            let vault = files.vault.display().to_string();
            output.answer(
                &format!("{vault}: taken for the last one, {left} records"),
                &json!({ "adopted": vault, "records": left }),
            )
        }
        Action::Pay { name, till } => {
            let mut wallet = files.open()?;
            let unlock = files.unlock(&mut wallet)?;
            pay::run(wallet, unlock, name.as_deref(), till.as_ref(), output)
        }
    }
}
