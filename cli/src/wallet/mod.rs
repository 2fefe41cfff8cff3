//! `tegata wallet`: a wallet in the terminal, in a vault file whose key is protected by a passphrase.

mod account;
mod add;
mod files;
mod items;
mod pay;
mod pin;
mod transfer;

use clap::{Args, Subcommand};
use serde_json::json;

use self::add::Add;
use self::files::{FileArgs, WalletFiles};
use crate::failure::Failure;
use crate::output::Output;
use crate::secret::SecretSource;

#[derive(Debug, Args)]
#[command(after_help = "Example: tegata wallet --vault tegata.vault list")]
pub(crate) struct Command {
    #[command(flatten)]
    files: FileArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a new, empty wallet.
    #[command(after_help = "Example: tegata wallet init")]
    Init,
    /// Show the wallet's state.
    #[command(after_help = "Example: tegata wallet status")]
    Status,
    /// Store a payment credential, a one-time password or a pass.
    #[command(
        subcommand,
        after_help = "Example: tegata wallet add pass --title \"Bus ticket\" --format qr --message B0077"
    )]
    Add(Add),
    /// List everything in the wallet.
    #[command(after_help = "Example: tegata wallet list")]
    List,
    /// Show one item of the wallet: a pass with its symbol, a one-time password with its code. Never a secret.
    ///
    /// Showing a counter-based one-time password uses its code up.
    #[command(after_help = "Example: tegata wallet show \"Library card\"")]
    Show {
        /// Its name (of a one-time password: issuer, account, or both as in Mail:ann), its id, or enough of the id's beginning.
        name: String,
    },
    /// Remove one item permanently: a one-time password that was imported twice, an old pass.
    #[command(after_help = "Example: tegata wallet remove \"Bus ticket\" --yes")]
    Remove {
        /// Its name, its id, or enough of the id's beginning.
        name: String,
        /// Confirm that it is permanent.
        #[arg(long)]
        yes: bool,
    },
    /// Show a payment barcode that renews itself. Outside a terminal, print a single code.
    ///
    /// With a till card, which the till's page shows as a QR code, the code is valid only at that till; the card is verified,
    /// and the shop's name shown, before a code is made.
    #[command(after_help = "Example: tegata wallet pay --till shibuya-01")]
    Pay {
        /// The credential's name or id, or enough of the id's beginning; not needed when there is just one.
        name: Option<String>,
        /// Make a code valid only at the till of this card: its text, @FILE, or - for standard input. A till id is accepted,
        /// cannot be checked.
        #[arg(long, value_name = "CARD")]
        till: Option<SecretSource>,
    },
    /// Lock payments with a PIN, or change it.
    ///
    /// From then on it is required to pay, to store a payment credential, and for what the account's session is needed for;
    /// without a PIN, a session ends with the command that began it. After ten wrong attempts in a row the PIN is
    /// blocked; then only --lost is left.
    #[command(after_help = "Example: tegata wallet pin --new @new-pin")]
    Pin(pin::Pin),
    /// Sign up at an issuer with a mailed code, a password and a second factor.
    #[command(
        after_help = "Example: tegata wallet sign-up hanako@example.org --issuer http://127.0.0.1:8080"
    )]
    SignUp(account::SignUp),
    /// Log in at the issuer. On a device that the account does not know, a second factor is needed.
    #[command(
        after_help = "Example: tegata wallet log-in hanako@example.org --issuer http://127.0.0.1:8080"
    )]
    LogIn(account::LogIn),
    /// Replace the second factor or the recovery codes.
    #[command(after_help = "Example: tegata wallet second-factor --recovery-codes")]
    SecondFactor(account::SecondFactor),
    /// Reset a forgotten password with a code mailed to the verified address and the second factor.
    #[command(
        after_help = "Example: tegata wallet reset hanako@example.org --issuer http://127.0.0.1:8080"
    )]
    Reset(account::Reset),
    /// List and forget devices, list and end sessions, log out.
    #[command(after_help = "Example: tegata wallet devices --log-out")]
    Devices(account::Devices),
    /// List, add and remove the account's cards, and choose the one to charge.
    #[command(after_help = "Example: tegata wallet cards add pm_card_visa")]
    Cards(account::Cards),
    /// Show your payments, from the issuer or, if it cannot be reached, as last seen.
    #[command(after_help = "Example: tegata wallet history --receipt 1")]
    History(account::History),
    /// Export all data that the issuer holds about you as JSON: the account, its devices and sessions, its cards, payments
    /// and events. Password, second factor and codes are not included.
    #[command(after_help = "Example: tegata wallet my-data --to my-data.json")]
    MyData(account::MyData),
    /// Freeze the account, unfreeze it, or undo changes that someone else made.
    #[command(after_help = "Example: tegata wallet freeze --take-back --recovery-code @code")]
    Freeze(account::Freeze),
    /// Change the account's e-mail address: a code is mailed to the new one, and the old one is notified.
    #[command(after_help = "Example: tegata wallet address hanako@example.com")]
    Address(account::Address),
    /// Delete the account at the issuer after seven days, within which it can be cancelled.
    #[command(after_help = "Example: tegata wallet close --yes")]
    Close(account::Close),
    /// Cancel the deletion of the account.
    #[command(after_help = "Example: tegata wallet keep")]
    Keep(account::Keep),
    /// Export a one-time password as an otpauth URI, including its secret. Payment credentials cannot be exported.
    #[command(after_help = "Example: tegata wallet export Mail:ann")]
    Export {
        /// Its name (issuer, account, or both as in Mail:ann), its id, or enough of the id's beginning.
        name: String,
    },
    /// Transfer passes and one-time passwords to a new phone, encrypted for it: begin there, give here, take there.
    #[command(subcommand, after_help = "Example: tegata wallet move begin")]
    Move(transfer::TransferCommand),
    /// Accept an older copy of the wallet, as from a backup, as the current one. Payment credentials are dropped.
    #[command(after_help = "Example: tegata wallet adopt --yes")]
    Adopt {
        /// Confirm that payment credentials and their lock are dropped.
        #[arg(long)]
        yes: bool,
    },
    /// Delete the wallet and its keystore permanently.
    #[command(after_help = "Example: tegata wallet destroy --yes")]
    Destroy {
        /// Confirm that it is permanent.
        #[arg(long)]
        yes: bool,
    },
}

pub(crate) fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    let files = WalletFiles::new(&command.files);
    match &command.action {
        Action::Init => {
            files.create()?.close().map_err(|e| Failure::cannot("close the wallet")(&e))?;
            let vault = files.vault.display();
            let keystore = files.keystore.display();
            output.print(
                &format!("{vault}: a new wallet; its key is in {keystore}, under your passphrase"),
                &json!({ "vault": vault.to_string(), "keystore": keystore.to_string() }),
            )
        }
        Action::Destroy { yes } => {
            if !yes {
                let text = "this deletes the wallet permanently: confirm with --yes";
                return Err(Failure::Usage(text.to_owned()));
            }
            files.destroy()?;
            let vault = files.vault.display().to_string();
            output.print(&format!("{vault}: removed"), &json!({ "removed": vault }))
        }
        Action::Status => items::status(&mut files.open()?, &files, output),
        Action::List => items::list(&mut files.open_with_given_pin()?, output),
        Action::Show { name } => items::show(&mut files.open_with_given_pin()?, name, output),
        Action::Remove { name, yes } => {
            if !yes {
                let text = "this removes the item permanently: confirm with --yes";
                return Err(Failure::Usage(text.to_owned()));
            }
            items::remove(&mut files.open_with_given_pin()?, name, output)
        }
        Action::Add(Add::Payment { label, seed: None, factor, .. }) => {
            account::provision::run(label.as_deref(), factor, &files, output)
        }
        Action::Add(add) => {
            // Check the arguments before prompting for the passphrase.
            let item = add::read(add)?;
            add::store(&mut files.open_with_given_pin()?, &files, item, output)
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
        Action::Export { name } => items::export(&mut files.open_with_given_pin()?, name, output),
        Action::Move(command) => command.run(&files, output),
        Action::Adopt { yes } => {
            if !yes {
                let text = "this drops the payment credentials: confirm with --yes";
                return Err(Failure::Usage(text.to_owned()));
            }
            let left = files.adopt()?.len();
            let vault = files.vault.display().to_string();
            output.print(
                &format!("{vault}: accepted as current, {left} records"),
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
