//! Tills, and taking back what one was paid: `till`, `void`.

use clap::{Args, Subcommand};
use serde_json::json;
use tegata::code::{ShopName, TillId};
use tegata_issuer::store::{AuthorisationId, Till, TillStage};

use super::{Because, Settings, not};
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Tills {
    /// Add a till: prints the code that enrols it, once and within the hour.
    #[command(
        after_help = "Example: tegata issuer till add till-1 --shop \"Tegata Ginza\" --why \"a new shop\""
    )]
    Add(Add),
    /// List the tills.
    #[command(after_help = "Example: tegata issuer till list")]
    List(Settings),
    /// Make a till none: from now on nothing that it sends is taken.
    #[command(
        after_help = "Example: tegata issuer till revoke till-1 --why \"the tablet is gone\""
    )]
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Its id: 1 to 32 of the characters 0-9, A-Z, a-z, dot, underscore and hyphen.
    till: TillId,
    /// The shop's name, which the wallet shows.
    #[arg(long, value_name = "NAME", value_parser = |text: &str| ShopName::new(text))]
    shop: ShopName,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// Its id.
    till: TillId,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    settings: Settings,
}

impl Tills {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Add(Add { till, shop, because, settings }) => {
                let (operator, reason) = (settings.operator()?, because.reason()?);
                let code = operator.add_till(till.clone(), shop, &reason).map_err(not("add it"))?;
                let code = code.text();
                let words = format!("{}\nenrols {till}, once and within the hour", code.expose());
                let document = json!({ "till": till.as_str(), "code": code.expose() });
                output.answer(&words, &document)
            }
            Self::List(settings) => {
                let tills = settings.operator()?.tills().map_err(not("list them"))?;
                let lines: Vec<_> = tills.iter().map(line).collect();
                let words =
                    if lines.is_empty() { "there are none".to_owned() } else { lines.join("\n") };
                let document: Vec<_> = tills.iter().map(document).collect();
                output.answer(&words, &json!({ "tills": document }))
            }
            Self::Revoke(Revoke { till, because, settings }) => {
                let (operator, reason) = (settings.operator()?, because.reason()?);
                operator.revoke_till(till.clone(), &reason).map_err(not("revoke it"))?;
                let words = format!("{till} is a till no longer");
                output.answer(&words, &json!({ "till": till.as_str(), "revoked": true }))
            }
        }
    }
}

/// How far it is, in one word.
fn stage(till: &Till) -> &'static str {
    match till.stage {
        TillStage::Waiting(_) => "waiting",
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

#[derive(Debug, Args)]
pub(crate) struct Void {
    /// The payment's number, as the till and the log have it.
    payment: String,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    settings: Settings,
}

impl Void {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let mut id = [0; 16];
        hex::decode_to_slice(&self.payment, &mut id)
            .map_err(|_| Failure::Usage("a payment's number is 32 hex digits".into()))?;
        let reason = self.because.reason()?;
        let operator = self.settings.operator()?;
        let after = operator.void(AuthorisationId(id), &reason).map_err(not("void it"))?;
        let state = after.state.name();
        let words = format!("payment {} is {state}", after.id);
        output.answer(&words, &json!({ "payment": after.id.to_string(), "state": state }))
    }
}
