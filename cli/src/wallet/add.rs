//! `tegata wallet add`: stores payment credentials, one-time passwords and passes.

use clap::Subcommand;
use serde_json::json;
use tegata::code::{AliasPeriod, CredentialId, Prefix, Scheme};
use tegata::vault::{OtpCredential, Pass, RecordId};
use tegata::{NewPaymentCredential, Random, SystemRandom, Wallet};

use super::account;
use super::files::WalletFiles;
use crate::code::{self, alias_period};
use crate::failure::Failure;
use crate::otp::{ReadUris, UrisArg, report_skipped};
use crate::output::Output;
use crate::secret::SecretSource;

#[derive(Debug, Subcommand)]
pub(crate) enum Add {
    /// Add a payment credential: from the issuer that the wallet is logged in at, replacing the previous one, or from a seed.
    ///
    /// Sign-up and login with a second factor fetch one automatically. Without a seed, the issuer requires the second factor
    /// unless it was given within the last five minutes.
    #[command(after_help = "Example: tegata wallet add payment --factor-here")]
    Payment {
        /// The label to show. Default without a seed: the issuer's address.
        #[arg(long)]
        label: Option<String>,
        /// With a seed: the issuer's routing digits, 4 to 8.
        #[arg(long, value_name = "DIGITS", requires = "seed")]
        prefix: Option<Prefix>,
        /// With a seed: the alias period in seconds, a multiple of 30.
        #[arg(long, value_name = "SECONDS", default_value = "86400", value_parser = alias_period)]
        alias_period: AliasPeriod,
        /// The seed of an existing credential: 64 hexadecimal digits, @FILE, or - for standard input.
        #[arg(long, value_name = "HEX", requires_all = ["prefix", "label"])]
        seed: Option<SecretSource>,
        #[command(flatten)]
        factor: account::FactorArgs,
    },
    /// Add one-time passwords from otpauth URIs or from another authenticator's export (all of it or nothing).
    ///
    /// A file or standard input of several lines is several URIs. One that is here already is stored again, and named:
    /// tegata wallet remove removes one.
    #[command(
        after_help = "Example: tegata wallet add otp \"otpauth://totp/Mail:ann?secret=JBSWY3DPEHPK3PXP\""
    )]
    Otp {
        #[command(flatten)]
        uris: UrisArg,
    },
    /// Add a pass, such as a ticket or loyalty card.
    #[command(
        after_help = "Example: tegata wallet add pass --title \"Library card\" --format code128 --message A0042"
    )]
    Pass {
        /// The title to show.
        #[arg(long)]
        title: String,
        /// The kind of symbol.
        #[arg(long)]
        format: crate::symbol::Format,
        /// The symbol's content.
        #[arg(long)]
        message: String,
        /// The text below the symbol.
        #[arg(long, value_name = "TEXT")]
        alternate_text: Option<String>,
    },
}

/// An item to store.
pub(super) enum NewItem {
    Payment(NewPaymentCredential),
    Otps(ReadUris),
    Pass(Pass),
}

/// Reads the item to store from the arguments.
pub(super) fn read(add: &Add) -> Result<NewItem, Failure> {
    Ok(match add {
        Add::Payment { label, prefix, alias_period, seed, .. } => {
            let missing = || Failure::Usage("a seed needs --label and --prefix".into());
            let (Some(label), Some(prefix), Some(seed)) = (label, prefix, seed) else {
                return Err(missing());
            };
            let mut credential = CredentialId([0; 16]);
            SystemRandom::new()
                .fill(&mut credential.0)
                .map_err(|e| Failure::Failed(e.to_string()))?;
            let label = label.clone();
            let seed = code::read_seed(seed)?;
            let scheme = Scheme { prefix: *prefix, alias_period: *alias_period };
            NewItem::Payment(NewPaymentCredential { credential, label, scheme, seed })
        }
        Add::Otp { uris } => NewItem::Otps(uris.read_all()?),
        Add::Pass { title, format, message, alternate_text } => {
            let pass = Pass {
                title: title.clone(),
                format: (*format).into(),
                message: message.clone(),
                alternate_text: alternate_text.clone(),
            };
            // A pass that cannot be drawn could not be shown.
            pass.symbol().map_err(|e| Failure::cannot("draw the pass")(&e))?;
            NewItem::Pass(pass)
        }
    })
}

/// Stores the item and prints its id.
pub(super) fn store(
    wallet: &mut Wallet,
    files: &WalletFiles,
    item: NewItem,
    output: &Output,
) -> Result<(), Failure> {
    let failed = |e: tegata::Error| match e {
        tegata::Error::OwnFactor => Failure::Failed(format!(
            "cannot store this: {e}: tegata wallet second-factor --keep-here enrols one here"
        )),
        e => Failure::cannot("store this")(&e),
    };
    let mut twins = Vec::new();
    let mut skipped = Vec::new();
    let records = match item {
        NewItem::Payment(new) => {
            let unlock = files.unlock(wallet)?;
            wallet.payments().add(&unlock, &new).map(|id| vec![id])
        }
        NewItem::Otps(read) => {
            skipped = read.skipped;
            twins = find_twins(wallet, &read.credentials)?;
            wallet.otp_credentials().add_all(&read.credentials)
        }
        NewItem::Pass(pass) => wallet.passes().add(&pass).map(|id| vec![id]),
    };
    let ids: Vec<String> = records.map_err(failed)?.iter().map(RecordId::to_string).collect();
    report_skipped(&skipped);
    let mut document = match &ids[..] {
        [id] => json!({ "id": id }),
        several => json!({ "ids": several }),
    };
    let mut words = ids.join("\n");
    if !skipped.is_empty() {
        document["skipped"] = json!(skipped);
    }
    if !twins.is_empty() {
        document["already_here"] = json!(twins);
        let remove = "the same was here already; remove one with tegata wallet remove ID --yes";
        words = format!("{words}\n{remove}: {}", twins.join(", "));
    }
    output.print(&words, &document)
}

/// The ids of what an earlier import has stored of these already.
fn find_twins(wallet: &mut Wallet, credentials: &[OtpCredential]) -> Result<Vec<String>, Failure> {
    let failed = |e: tegata::Error| Failure::cannot("read the wallet")(&e);
    let mut twins = Vec::new();
    for credential in credentials {
        let found = wallet.otp_credentials().find_same(credential).map_err(failed)?;
        twins.extend(found.iter().map(RecordId::to_string));
    }
    twins.sort_unstable();
    twins.dedup();
    Ok(twins)
}
