//! Setup intents: a card is registered by its holder, in the processor's form, where its bank may ask. The one who began
//! it learns the outcome by the intent's id and never sees the card's number.

use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::{Value, json};

use crate::cards::{SetupBehaviour, find_card};
use crate::ids::new_id;
use crate::methods::{insert_method, is_customer, method_view};
use crate::response::{FormFields, ProcessorResponse};

/// What a holder enters in the card form, which Stripe serves for a real card. The client secret is what lets them.
#[derive(Clone)]
pub struct CardForm {
    /// The client secret of the setup intent.
    pub client_secret: String,
    /// The name of the test card.
    pub card: String,
    /// Whether the holder confirms it when the bank asks; `None` while they have not answered.
    pub confirmation: Option<bool>,
}

impl std::fmt::Debug for CardForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CardForm([redacted])")
    }
}

/// What the form shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardFormResult {
    /// The card is registered.
    Succeeded,
    /// The bank asks the holder to confirm: fill the form in again with the answer.
    Asks,
    /// The bank or the holder refused: another card can be tried.
    Failed,
    /// There is no such test card.
    UnknownCard,
    /// The setup intent is unknown, cancelled or has succeeded.
    Closed,
}

const OPEN: &str = "requires_payment_method";
const ASKS: &str = "requires_action";

struct SetupIntent {
    id: String,
    secret: String,
    customer: String,
    usage: String,
    what_for: String,
    status: String,
    card: Option<String>,
    method: Option<String>,
    code: Option<String>,
}

pub(crate) fn create(
    fields: &FormFields,
    ledger: &Transaction<'_>,
) -> Result<ProcessorResponse, rusqlite::Error> {
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    if !is_customer(&field("customer"), ledger)? {
        return Ok(ProcessorResponse::missing());
    }
    let usage = field("usage");
    if !["off_session", "on_session"].contains(&&*usage) {
        return Ok(ProcessorResponse::invalid("parameter_invalid", "usage is invalid"));
    }
    let id = new_id("seti");
    let intent = SetupIntent {
        secret: new_id(&format!("{id}_secret")),
        id,
        customer: field("customer"),
        usage,
        what_for: field("metadata[card]"),
        status: OPEN.to_owned(),
        card: None,
        method: None,
        code: None,
    };
    ledger.execute(
        "INSERT INTO setups (id, secret, customer, usage, what_for, status) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            intent.id,
            intent.secret,
            intent.customer,
            intent.usage,
            intent.what_for,
            intent.status
        ],
    )?;
    Ok(ProcessorResponse::ok(intent.view(false)))
}

pub(crate) fn retrieve(
    id: &str,
    fields: &FormFields,
    ledger: &Transaction<'_>,
) -> Result<ProcessorResponse, rusqlite::Error> {
    let is_expanded = fields.get("expand[]").is_some_and(|field| field == "payment_method");
    Ok(find("id", id, ledger)?
        .map_or_else(ProcessorResponse::missing, |it| ProcessorResponse::ok(it.view(is_expanded))))
}

pub(crate) fn cancel(
    id: &str,
    ledger: &Transaction<'_>,
) -> Result<ProcessorResponse, rusqlite::Error> {
    let Some(mut intent) = find("id", id, ledger)? else {
        return Ok(ProcessorResponse::missing());
    };
    if ![OPEN, ASKS].contains(&&*intent.status) {
        let message = "the setup intent is in another state";
        return Ok(ProcessorResponse::invalid("setup_intent_unexpected_state", message));
    }
    "canceled".clone_into(&mut intent.status);
    intent.write(ledger)?;
    Ok(ProcessorResponse::ok(intent.view(false)))
}

pub(crate) fn attempts(
    fields: &FormFields,
    ledger: &Transaction<'_>,
) -> Result<ProcessorResponse, rusqlite::Error> {
    let id = fields.get("setup_intent").cloned().unwrap_or_default();
    let list = "SELECT number, status FROM setup_attempts WHERE setup = ?1 ORDER BY number DESC";
    let mut statement = ledger.prepare(list)?;
    let rows = statement.query_map([&id], |row| {
        let number: u32 = row.get(0)?;
        let status: String = row.get(1)?;
        Ok(json!({
            "id": format!("{id}_{number}"), "object": "setup_attempt", "setup_intent": id,
            "status": status,
        }))
    })?;
    let data = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(ProcessorResponse::ok(json!({ "object": "list", "data": data, "has_more": false })))
}

/// Does what a holder enters, as the form of a real processor would.
pub(crate) fn fill_in(
    form: &CardForm,
    ledger: &Transaction<'_>,
) -> Result<CardFormResult, rusqlite::Error> {
    let intent = find("secret", &form.client_secret, ledger)?;
    let Some(mut intent) = intent.filter(|intent| [OPEN, ASKS].contains(&&*intent.status)) else {
        return Ok(CardFormResult::Closed);
    };
    let Some(card) = find_card(&form.card) else { return Ok(CardFormResult::UnknownCard) };
    let refused = match (card.setup, form.confirmation) {
        (SetupBehaviour::Succeeds, _) | (SetupBehaviour::Asks, Some(true)) => None,
        (SetupBehaviour::Asks, None) => {
            ASKS.clone_into(&mut intent.status);
            intent.card = Some(card.name.to_owned());
            intent.write(ledger)?;
            return Ok(CardFormResult::Asks);
        }
        (SetupBehaviour::Asks, Some(false)) => Some("setup_intent_authentication_failure"),
        (SetupBehaviour::Fails(code), _) => Some(code),
    };
    intent.code = refused.map(str::to_owned);
    if refused.is_some() {
        OPEN.clone_into(&mut intent.status);
        intent.card = None;
    } else {
        "succeeded".clone_into(&mut intent.status);
        intent.method = Some(insert_method(&intent.customer, card.name, ledger)?);
        intent.card = Some(card.name.to_owned());
    }
    intent.write(ledger)?;
    let attempt = "INSERT INTO setup_attempts (setup, number, status) \
        SELECT ?1, COUNT(*) + 1, ?2 FROM setup_attempts WHERE setup = ?1";
    let status = if refused.is_some() { "failed" } else { "succeeded" };
    ledger.execute(attempt, params![intent.id, status])?;
    Ok(if refused.is_some() { CardFormResult::Failed } else { CardFormResult::Succeeded })
}

impl SetupIntent {
    fn view(&self, is_expanded: bool) -> Value {
        let method = match (&self.method, &self.card) {
            (Some(method), Some(card)) if is_expanded => {
                method_view(method, Some(&self.customer), card)
            }
            (method, _) => json!(method),
        };
        let error = self.code.as_ref().map(|code| json!({ "type": "card_error", "code": code }));
        json!({
            "id": self.id, "object": "setup_intent", "client_secret": self.secret, "livemode": false,
            "customer": self.customer, "usage": self.usage, "status": self.status,
            "metadata": { "card": self.what_for }, "payment_method": method,
            "last_setup_error": error,
        })
    }

    fn write(&self, ledger: &Transaction<'_>) -> Result<(), rusqlite::Error> {
        let update =
            "UPDATE setups SET status = ?1, card = ?2, method = ?3, code = ?4 WHERE id = ?5";
        let values = params![self.status, self.card, self.method, self.code, self.id];
        ledger.execute(update, values).map(drop)
    }
}

/// Finds a setup intent by its `id` or its `secret`.
fn find(
    by: &str,
    value: &str,
    ledger: &Transaction<'_>,
) -> Result<Option<SetupIntent>, rusqlite::Error> {
    let find = format!(
        "SELECT id, secret, customer, usage, what_for, status, card, method, code FROM setups WHERE {by} = ?1"
    );
    let read = |row: &rusqlite::Row<'_>| {
        Ok(SetupIntent {
            id: row.get(0)?,
            secret: row.get(1)?,
            customer: row.get(2)?,
            usage: row.get(3)?,
            what_for: row.get(4)?,
            status: row.get(5)?,
            card: row.get(6)?,
            method: row.get(7)?,
            code: row.get(8)?,
        })
    };
    ledger.query_row(&find, [value], read).optional()
}
