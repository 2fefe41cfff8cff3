//! `tegata issuer till`: adds, lists and revokes tills.

use clap::{Args, Subcommand};
use serde_json::json;
use tegata::code::{ShopName, TillId};
use tegata_issuer::admin::{Till, TillStage};

use super::manager::Managers;
use super::settings::{ReasonArgs, Settings, cannot};
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Tills {
    /// Add a till and print its enrolment code, which works once within one hour.
    #[command(
        after_help = "Example: tegata issuer till add till-1 --shop \"Tegata Ginza\" --why \"a new shop\""
    )]
    Add(Add),
    /// List the tills.
    #[command(after_help = "Example: tegata issuer till list")]
    List(Settings),
    /// Set whose code voids at a till ask for.
    #[command(subcommand, after_help = "Example: tegata issuer till manager list till-1")]
    Manager(Managers),
    /// Revoke a till: none of its requests is accepted any more.
    #[command(
        after_help = "Example: tegata issuer till revoke till-1 --why \"the tablet is gone\""
    )]
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The till's id: 1 to 32 of the characters 0-9, A-Z, a-z, dot, underscore and hyphen.
    till: TillId,
    /// The shop's name as the wallet shows it.
    #[arg(long, value_name = "NAME", value_parser = |text: &str| ShopName::new(text))]
    shop: ShopName,
    #[command(flatten)]
    because: ReasonArgs,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The till's id.
    till: TillId,
    #[command(flatten)]
    because: ReasonArgs,
    #[command(flatten)]
    settings: Settings,
}

impl Tills {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Add(Add { till, shop, because, settings }) => {
                let operator = settings.operator()?;
                let reason = because.reason()?;
                let code =
                    operator.add_till(till.clone(), shop, &reason).map_err(cannot("add it"))?;
                let code = code.text();
                let words = format!("{}\nenrols {till} once, within one hour", code.expose());
                let document = json!({ "till": till.as_str(), "code": code.expose() });
                output.print(&words, &document)
            }
            Self::List(settings) => {
                let tills = settings.operator()?.tills().map_err(cannot("list them"))?;
                let lines: Vec<_> = tills.iter().map(line).collect();
                let words = if lines.is_empty() { "no tills".to_owned() } else { lines.join("\n") };
                let document: Vec<_> = tills.iter().map(document).collect();
                output.print(&words, &json!({ "tills": document }))
            }
            Self::Manager(managers) => managers.run(output),
            Self::Revoke(Revoke { till, because, settings }) => {
                let operator = settings.operator()?;
                let reason = because.reason()?;
                operator.revoke_till(till.clone(), &reason).map_err(cannot("revoke it"))?;
                let words = format!("till {till} is revoked");
                output.print(&words, &json!({ "till": till.as_str(), "revoked": true }))
            }
        }
    }
}

/// The till's stage in one word.
fn stage(till: &Till) -> &'static str {
    match till.stage {
        TillStage::AwaitingEnrolment(_) => "waiting",
        TillStage::Enrolled => "enrolled",
        TillStage::Revoked(_) => "revoked",
    }
}

fn line(till: &Till) -> String {
    format!("{}  {}  {}", till.id, stage(till), till.shop)
}

fn document(till: &Till) -> serde_json::Value {
    json!({ "till": till.id.as_str(), "shop": till.shop.as_str(), "stage": stage(till) })
}
