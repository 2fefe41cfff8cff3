//! Tills, and taking back what one was paid: `till`, `void`, `refund`.

use clap::{Args, Subcommand};
use serde_json::json;
use tegata::code::{ShopName, TillId};
use tegata_issuer::admin::{Operator, Payment};
use tegata_issuer::domain::{AuthorisationId, Reason};
use tegata_issuer::store::{Authorisation, AuthorisationState, Till, TillStage};

use super::{Because, Settings, not};
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
    because: Because,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The till's id.
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
                let words = format!("{}\nenrols {till} once, within one hour", code.expose());
                let document = json!({ "till": till.as_str(), "code": code.expose() });
                output.answer(&words, &document)
            }
            Self::List(settings) => {
                let tills = settings.operator()?.tills().map_err(not("list them"))?;
                let lines: Vec<_> = tills.iter().map(line).collect();
                let words = if lines.is_empty() { "no tills".to_owned() } else { lines.join("\n") };
                let document: Vec<_> = tills.iter().map(document).collect();
                output.answer(&words, &json!({ "tills": document }))
            }
            Self::Revoke(Revoke { till, because, settings }) => {
                let (operator, reason) = (settings.operator()?, because.reason()?);
                operator.revoke_till(till.clone(), &reason).map_err(not("revoke it"))?;
                let words = format!("till {till} is revoked");
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

/// Which payment.
#[derive(Debug, Args)]
struct Which {
    /// The payment's id, as the till and the log show it.
    #[arg(required_unless_present = "till")]
    payment: Option<String>,
    /// The till where it was paid, instead of the payment's id.
    #[arg(long, value_name = "ID", conflicts_with = "payment", requires = "reference")]
    till: Option<TillId>,
    /// The till's reference of the sale; goes with --till.
    #[arg(long, value_name = "TEXT", requires = "till")]
    reference: Option<String>,
}

impl Which {
    fn find(self, operator: &Operator) -> Result<AuthorisationId, Failure> {
        let which = match self {
            Self { till: Some(till), reference: Some(reference), .. } => {
                Payment::Sale(till, reference)
            }
            Self { payment, .. } => {
                let mut id = [0; 16];
                hex::decode_to_slice(payment.unwrap_or_default(), &mut id)
                    .map_err(|_| Failure::Usage("a payment id is 32 hex digits".into()))?;
                Payment::Number(AuthorisationId(id))
            }
        };
        operator.payment(&which).map(|found| found.id).map_err(not("find it"))
    }
}

/// What `void` and `refund` ask.
#[derive(Debug, Args)]
pub(crate) struct TakeBack {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    settings: Settings,
}

impl TakeBack {
    fn read(self) -> Result<(Operator, Reason, AuthorisationId), Failure> {
        let (operator, reason) = (self.settings.operator()?, self.because.reason()?);
        let id = self.which.find(&operator)?;
        Ok((operator, reason, id))
    }

    pub(super) fn void(self, output: &Output) -> Result<(), Failure> {
        let (operator, reason, id) = self.read()?;
        let after = operator.void(id, &reason).map_err(not("void it"))?;
        let words = format!("payment {} is {}", after.id, after.state.name());
        output.answer(&words, &payment(&after))
    }

    pub(super) fn refund(self, output: &Output) -> Result<(), Failure> {
        let (operator, reason, id) = self.read()?;
        let after = operator.refund(id, &reason).map_err(not("refund it"))?;
        let Authorisation { id, amount, currency, .. } = &after;
        let words = if after.state == AuthorisationState::Refunded {
            format!("payment {id} is refunded: {amount} {currency}")
        } else {
            format!(
                "payment {id} is reversing: the service refunds {amount} {currency} within a minute"
            )
        };
        output.answer(&words, &payment(&after))
    }
}

fn payment(after: &Authorisation) -> serde_json::Value {
    json!({
        "payment": after.id.to_string(),
        "state": after.state.name(),
        "amount": after.amount,
        "currency": after.currency,
    })
}
