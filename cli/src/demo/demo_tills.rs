//! The demo's tills, which request payments from the issuer over HTTP.

use std::cell::Cell;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tegata::code::{ShopName, TillId};
use tegata_issuer::admin::{Operator, Reason};

use super::demo_issuer::DemoIssuer;
use crate::failure::Failure;
use crate::issuer_client::IssuerClient;

/// The price of a sale in yen.
pub(super) const PRICE: u64 = 480;

pub(super) const PAID: &str = "paid";

/// Two enrolled tills, and an operator who can add more.
pub(super) struct DemoTills {
    pub(super) till: Till,
    pub(super) other_till: Till,
    client: IssuerClient,
    operator: Operator,
    counter: Cell<u32>,
}

/// An enrolled till with its token.
pub(super) struct Till {
    pub(super) id: TillId,
    /// The `Authorization` header of its requests.
    bearer: String,
}

/// A sale at a till.
#[derive(Clone)]
pub(super) struct Sale {
    reference: String,
    amount: u64,
}

/// The issuer's reply about a payment.
#[derive(Deserialize)]
struct PaymentStatus {
    status: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Enrolment {
    token: String,
}

impl DemoTills {
    pub(super) fn open(issuer: &DemoIssuer) -> Result<Self, Failure> {
        let client = issuer.new_client()?;
        let operator = issuer.operator()?;
        let enrol = |id: &str| {
            let id: TillId = id.parse().map_err(|e| Failure::cannot("name a till")(&e))?;
            let code = add_till(&operator, id.clone())?;
            let Enrolment { token } = post(&client, "/v1/tills", &[], &json!({ "code": code }))?;
            Ok::<_, Failure>(Till { id, bearer: format!("Bearer {token}") })
        };
        let till = enrol("shibuya-01")?;
        let other_till = enrol("ueno-07")?;
        Ok(Self { till, other_till, client, operator, counter: Cell::new(0) })
    }

    /// Creates the next sale.
    pub(super) fn sale(&self, amount: u64) -> Sale {
        Sale { reference: format!("sale-{}", self.next_number()), amount }
    }

    /// Requests a payment; returns whether it was approved, and the reply in words.
    pub(super) fn scan(
        &self,
        code: &[u8],
        till: &Till,
        sale: &Sale,
    ) -> Result<(bool, String), Failure> {
        let Ok(code) = std::str::from_utf8(code) else { return Ok((false, NOT_VALID.to_owned())) };
        let body = json!({
            "code": code, "amount": sale.amount, "currency": "JPY", "reference": sale.reference,
        });
        let key = format!("try-{}", self.next_number());
        let headers = [("Authorization", &*till.bearer), ("Idempotency-Key", &key)];
        let payment: PaymentStatus = post(&self.client, "/v1/authorisations", &headers, &body)?;
        Ok((payment.status == "approved", describe(payment)))
    }

    /// Voids a sale; returns the reply in words.
    pub(super) fn void(&self, till: &Till, sale: &Sale) -> Result<String, Failure> {
        let headers = [("Authorization", &*till.bearer)];
        let body = json!({ "reference": sale.reference });
        post(&self.client, "/v1/voids", &headers, &body).map(describe)
    }

    /// The URL where a browser becomes a till, and the code that enrols it.
    pub(super) fn page(&self) -> Result<String, Failure> {
        let id = format!("browser-{}", self.next_number()).parse();
        let code = add_till(&self.operator, id.map_err(|e| Failure::cannot("name a till")(&e))?)?;
        Ok(format!("{}/till  enrols with {code}", self.client.issuer()))
    }

    fn next_number(&self) -> u32 {
        self.counter.set(self.counter.get() + 1);
        self.counter.get()
    }
}

/// Adds a till; returns the code that enrols it once.
fn add_till(operator: &Operator, id: TillId) -> Result<String, Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::cannot("add a till")(e);
    let tills = ShopName::new("Tegata Greens").map_err(|e| failed(&e))?;
    let reason = Reason::new("demo", "the demo needs a till").map_err(|e| failed(&e))?;
    let code = operator.add_till(id, tills, &reason).map_err(|e| failed(&e))?;
    Ok(code.text().expose().to_owned())
}

fn post<A: DeserializeOwned>(
    client: &IssuerClient,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Result<A, Failure> {
    let response = client.post(path, headers, body.to_string().as_bytes())?;
    serde_json::from_slice(&response.body).map_err(|_| {
        let body = String::from_utf8_lossy(&response.body).into_owned();
        Failure::cannot("ask the issuer")(&body)
    })
}

pub(super) const NOT_VALID: &str = "refused: not valid, ask for a new code";
pub(super) const USED: &str = "refused: already used";
const HELD: &str = "refused: the account is held";
pub(super) const LIMIT: &str = "refused: over the spending limit";

fn describe(PaymentStatus { status, reason }: PaymentStatus) -> String {
    let words = match (&*status, reason.as_deref()) {
        ("approved", _) => PAID,
        ("pending", _) => "pending",
        ("declined", Some("used")) => USED,
        ("declined", Some("not_valid")) => NOT_VALID,
        ("declined", Some("limit")) => LIMIT,
        ("declined", Some("held")) => HELD,
        ("declined", Some("stopped")) => "refused: payments are stopped",
        ("declined", Some("try_again")) => "refused: ask for the next code",
        ("declined", _) => "refused by the card",
        _ => return status,
    };
    words.to_owned()
}
