//! `tegata issuer void` and `refund`.

use clap::Args;
use serde_json::json;
use tegata::code::TillId;
use tegata::protocol::PaymentNumber;
use tegata_issuer::admin::{
    Authorisation, AuthorisationId, AuthorisationState, Operator, PaymentRef, Reason,
};

use super::settings::{ReasonArgs, Settings, cannot};
use crate::failure::Failure;
use crate::output::Output;

/// The payment, by its number or by its sale.
#[derive(Debug, Args)]
struct PaymentSelector {
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

impl PaymentSelector {
    fn find(self, operator: &Operator) -> Result<AuthorisationId, Failure> {
        let which = match self {
            Self { till: Some(till), reference: Some(reference), .. } => {
                PaymentRef::Sale(till, reference)
            }
            Self { payment, .. } => {
                let number = PaymentNumber::try_from(payment.unwrap_or_default())
                    .map_err(|_| Failure::Usage("a payment id is 32 hex digits".into()))?;
                PaymentRef::Number(number)
            }
        };
        operator.payment(&which).map(|found| found.id).map_err(cannot("find it"))
    }
}

/// The arguments of `void` and `refund`.
#[derive(Debug, Args)]
pub(crate) struct PaymentArgs {
    #[command(flatten)]
    which: PaymentSelector,
    #[command(flatten)]
    because: ReasonArgs,
    #[command(flatten)]
    settings: Settings,
}

impl PaymentArgs {
    fn read(self) -> Result<(Operator, Reason, AuthorisationId), Failure> {
        let operator = self.settings.operator()?;
        let reason = self.because.reason()?;
        let id = self.which.find(&operator)?;
        Ok((operator, reason, id))
    }

    pub(super) fn void(self, output: &Output) -> Result<(), Failure> {
        let (operator, reason, id) = self.read()?;
        let after = operator.void(id, &reason).map_err(cannot("void it"))?;
        let number = number(&operator, &after)?;
        let words = format!("payment {number} is {}", after.state.name());
        output.print(&words, &payment(&number, &after))
    }

    pub(super) fn refund(self, output: &Output) -> Result<(), Failure> {
        let (operator, reason, id) = self.read()?;
        let after = operator.refund(id, &reason).map_err(cannot("refund it"))?;
        let id = number(&operator, &after)?;
        let Authorisation { amount, currency, .. } = &after;
        let words = if after.state == AuthorisationState::Refunded {
            format!("payment {id} is refunded: {amount} {currency}")
        } else {
            format!(
                "payment {id} is reversing: the service refunds {amount} {currency} within a minute"
            )
        };
        output.print(&words, &payment(&id, &after))
    }
}

/// Gives the payment's number as tills and receipts have it.
fn number(operator: &Operator, after: &Authorisation) -> Result<String, Failure> {
    let number = operator.payment_number(after.id).map_err(cannot("name it"))?;
    Ok(hex::encode(number.0))
}

fn payment(number: &str, after: &Authorisation) -> serde_json::Value {
    json!({
        "payment": number,
        "state": after.state.name(),
        "amount": after.amount,
        "currency": after.currency,
    })
}
