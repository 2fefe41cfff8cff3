//! The other side of the counter: tills of the issuer's, which ask it for money over HTTP.

use std::cell::Cell;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tegata::code::{ShopName, TillId};
use tegata_issuer::admin::Operator;
use tegata_issuer::domain::Reason;

use super::town::Town;
use crate::carry::Carrier;
use crate::failure::Failure;

/// What a sale costs, in yen.
pub(super) const PRICE: u64 = 480;

pub(super) const PAID: &str = "paid";

/// Two tills, and the operator who can add more.
pub(super) struct Shop {
    pub(super) till: Till,
    pub(super) other_till: Till,
    carrier: Carrier,
    operator: Operator,
    counted: Cell<u32>,
}

/// A till that was enrolled.
pub(super) struct Till {
    pub(super) id: TillId,
    /// What its requests carry.
    bearer: String,
}

/// What is paid for.
#[derive(Clone)]
pub(super) struct Sale {
    reference: String,
    amount: u64,
}

/// How the issuer says that a payment stands.
#[derive(Deserialize)]
struct Stands {
    status: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Enrolled {
    token: String,
}

impl Shop {
    pub(super) fn open(town: &Town) -> Result<Self, Failure> {
        let (carrier, operator) = (town.carrier()?, town.operator()?);
        let till = |id: &str| {
            let id: TillId = id.parse().map_err(|e| Failure::to("name a till")(&e))?;
            let code = added(&operator, id.clone())?;
            let Enrolled { token } = post(&carrier, "/v1/tills", &[], &json!({ "code": code }))?;
            Ok::<_, Failure>(Till { id, bearer: format!("Bearer {token}") })
        };
        let (till, other_till) = (till("shibuya-01")?, till("ueno-07")?);
        Ok(Self { till, other_till, carrier, operator, counted: Cell::new(0) })
    }

    /// The next sale of either till.
    pub(super) fn sale(&self, amount: u64) -> Sale {
        Sale { reference: format!("sale-{}", self.count()), amount }
    }

    /// Asks for the money: whether that is a yes, and in words.
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
        let key = format!("try-{}", self.count());
        let headers = [("Authorization", &*till.bearer), ("Idempotency-Key", &key)];
        let stands: Stands = post(&self.carrier, "/v1/authorisations", &headers, &body)?;
        Ok((stands.status == "approved", in_words(stands)))
    }

    /// Takes it back.
    pub(super) fn void(&self, till: &Till, sale: &Sale) -> Result<String, Failure> {
        let headers = [("Authorization", &*till.bearer)];
        let body = json!({ "reference": sale.reference });
        post(&self.carrier, "/v1/voids", &headers, &body).map(in_words)
    }

    /// Where a browser becomes a till, and what it has to be told.
    pub(super) fn page(&self) -> Result<String, Failure> {
        let id = format!("browser-{}", self.count()).parse();
        let code = added(&self.operator, id.map_err(|e| Failure::to("name a till")(&e))?)?;
        Ok(format!("{}/till  enrols with {code}", self.carrier.issuer()))
    }

    fn count(&self) -> u32 {
        self.counted.set(self.counted.get() + 1);
        self.counted.get()
    }
}

/// A till that may be enrolled once, with this code.
fn added(operator: &Operator, id: TillId) -> Result<String, Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::to("add a till")(e);
    let shop = ShopName::new("Tegata Greens").map_err(|e| failed(&e))?;
    let why = Reason::new("demo", "the demo needs a till").map_err(|e| failed(&e))?;
    let code = operator.add_till(id, shop, &why).map_err(|e| failed(&e))?;
    Ok(code.text().expose().to_owned())
}

fn post<A: DeserializeOwned>(
    carrier: &Carrier,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Result<A, Failure> {
    let answer = carrier.post(path, headers, body.to_string().as_bytes())?;
    serde_json::from_slice(&answer.body).map_err(|_| {
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        Failure::to("ask the issuer")(&said)
    })
}

pub(super) const NOT_VALID: &str = "refused: not valid, ask for a new code";
pub(super) const USED: &str = "refused: already used";
const HELD: &str = "refused: the account is held";
pub(super) const LIMIT: &str = "refused: over the spending limit";

fn in_words(Stands { status, reason }: Stands) -> String {
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
