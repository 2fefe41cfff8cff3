//! The requests, and what each does to the ledger. Fields, states and errors are those of Stripe's interface, as far as
//! the issuer uses it.

use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::{Value, json};

use crate::cards::{self, Behaviour};
use crate::ids::new_id;
use crate::intent::{Intent, find_intent};
use crate::intents;
use crate::methods::{insert_method, is_customer, method_view};
use crate::response::{FormFields, ProcessorResponse};
use crate::setup;

/// A request, by method and path. The names of the variants are part of hashes in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// `POST /v1/customers`: creates a customer.
    Customer,
    /// `POST /v1/payment_methods/ID/attach`: attaches a card to a customer.
    Attach(String),
    /// `POST /v1/payment_methods/ID/detach`: detaches a card.
    Detach(String),
    /// `POST /v1/payment_intents`: creates an intent.
    Create,
    /// `POST /v1/payment_intents/ID/confirm`: charges the card.
    Confirm(String),
    /// `GET /v1/payment_intents/ID`: returns an intent.
    Retrieve(String),
    /// `GET /v1/payment_intents`: lists intents, newest first.
    Intents,
    /// `POST /v1/payment_intents/ID/cancel`: cancels an intent that was not charged.
    Cancel(String),
    /// `POST /v1/refunds`: refunds a charged intent.
    Refund,
    /// `GET /v1/refunds?payment_intent=ID`: lists an intent's refunds.
    Refunds,
    /// `POST /v1/setup_intents`: begins the registration of a card by its holder.
    CreateSetup,
    /// `GET /v1/setup_intents/ID`: returns a setup intent.
    RetrieveSetup(String),
    /// `POST /v1/setup_intents/ID/cancel`: cancels one that has not succeeded.
    CancelSetup(String),
    /// `GET /v1/setup_attempts?setup_intent=ID`: lists the attempts at one, newest first.
    SetupAttempts,
}

impl Call {
    /// Parses method and path; `None` for an unknown request.
    pub(crate) fn read(method: &str, path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.strip_prefix("/v1/")?.split('/').collect();
        Some(match (method, parts.as_slice()) {
            ("POST", ["customers"]) => Self::Customer,
            ("POST", ["payment_methods", id, "attach"]) => Self::Attach((*id).to_owned()),
            ("POST", ["payment_methods", id, "detach"]) => Self::Detach((*id).to_owned()),
            ("POST", ["payment_intents"]) => Self::Create,
            ("POST", ["payment_intents", id, "confirm"]) => Self::Confirm((*id).to_owned()),
            ("GET", ["payment_intents"]) => Self::Intents,
            ("GET", ["payment_intents", id]) => Self::Retrieve((*id).to_owned()),
            ("POST", ["payment_intents", id, "cancel"]) => Self::Cancel((*id).to_owned()),
            ("POST", ["refunds"]) => Self::Refund,
            ("GET", ["refunds"]) => Self::Refunds,
            ("POST", ["setup_intents"]) => Self::CreateSetup,
            ("GET", ["setup_intents", id]) => Self::RetrieveSetup((*id).to_owned()),
            ("POST", ["setup_intents", id, "cancel"]) => Self::CancelSetup((*id).to_owned()),
            ("GET", ["setup_attempts"]) => Self::SetupAttempts,
            _ => return None,
        })
    }

    /// The request's name without its id.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Attach(_) => "attach",
            Self::Detach(_) => "detach",
            Self::Create => "create",
            Self::Confirm(_) => "confirm",
            Self::Retrieve(_) => "retrieve",
            Self::Intents => "intents",
            Self::Cancel(_) => "cancel",
            Self::Refund => "refund",
            Self::Refunds => "refunds",
            Self::CreateSetup => "create_setup",
            Self::RetrieveSetup(_) => "retrieve_setup",
            Self::CancelSetup(_) => "cancel_setup",
            Self::SetupAttempts => "setup_attempts",
        }
    }

    pub(crate) fn apply(
        &self,
        fields: &FormFields,
        ledger: &Transaction<'_>,
    ) -> Result<ProcessorResponse, rusqlite::Error> {
        match self {
            Self::Customer => customer(ledger),
            Self::Attach(method) => attach(method, fields, ledger),
            Self::Detach(method) => detach(method, ledger),
            Self::Create => create(fields, ledger),
            Self::Confirm(intent) => confirm(intent, ledger),
            Self::Retrieve(intent) => intents::retrieve(intent, fields, ledger),
            Self::Intents => intents::list(fields, ledger),
            Self::Cancel(intent) => cancel(intent, ledger),
            Self::Refund => refund(fields, ledger),
            Self::Refunds => refunds(fields, ledger),
            Self::CreateSetup => setup::create(fields, ledger),
            Self::RetrieveSetup(id) => setup::retrieve(id, fields, ledger),
            Self::CancelSetup(id) => setup::cancel(id, ledger),
            Self::SetupAttempts => setup::attempts(fields, ledger),
        }
    }
}

/// A request with its fields and its idempotency key.
#[derive(Clone, Debug)]
pub(crate) struct ProcessorRequest {
    pub(crate) call: Call,
    pub(crate) fields: FormFields,
    pub(crate) key: Option<String>,
}

fn customer(ledger: &Transaction<'_>) -> Result<ProcessorResponse, rusqlite::Error> {
    let id = new_id("cus");
    ledger.execute("INSERT INTO customers (id) VALUES (?1)", [&id])?;
    Ok(ProcessorResponse::ok(json!({ "id": id, "object": "customer" })))
}

fn attach(
    name: &str,
    fields: &FormFields,
    ledger: &Transaction<'_>,
) -> Result<ProcessorResponse, rusqlite::Error> {
    let Some(customer) = fields.get("customer") else {
        return Ok(ProcessorResponse::invalid("parameter_missing", "customer is missing"));
    };
    if !is_customer(customer, ledger)? || cards::find_card(name).is_none() {
        return Ok(ProcessorResponse::missing());
    }
    let id = insert_method(customer, name, ledger)?;
    Ok(ProcessorResponse::ok(method_view(&id, Some(customer), name)))
}

fn detach(method: &str, ledger: &Transaction<'_>) -> Result<ProcessorResponse, rusqlite::Error> {
    let find = "SELECT card FROM methods WHERE id = ?1 AND customer IS NOT NULL";
    let card: Option<String> = ledger.query_row(find, [method], |row| row.get(0)).optional()?;
    let Some(card) = card else { return Ok(ProcessorResponse::missing()) };
    ledger.execute("UPDATE methods SET customer = NULL WHERE id = ?1", [method])?;
    Ok(ProcessorResponse::ok(method_view(method, None, &card)))
}

fn create(
    fields: &FormFields,
    ledger: &Transaction<'_>,
) -> Result<ProcessorResponse, rusqlite::Error> {
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let amount = field("amount").parse::<u32>().unwrap_or_default();
    let customer = field("customer");
    let method = field("payment_method");
    let currency = field("currency");
    if amount == 0 || currency.len() != 3 {
        return Ok(ProcessorResponse::invalid(
            "parameter_invalid",
            "amount and currency are required",
        ));
    }
    let attached = "SELECT 1 FROM methods WHERE id = ?1 AND customer = ?2";
    if !ledger.prepare(attached)?.exists([&method, &customer])? {
        return Ok(ProcessorResponse::missing());
    }
    let intent = Intent {
        id: new_id("pi"),
        customer,
        method: Some(method),
        amount,
        currency,
        status: "requires_confirmation".to_owned(),
        code: None,
        decline: None,
        charged: 0,
    };
    ledger.execute(
        "INSERT INTO intents (id, customer, method, amount, currency, what_for, status, charged) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
        params![
            intent.id,
            intent.customer,
            intent.method,
            intent.amount,
            intent.currency,
            field("metadata[authorisation]"),
            intent.status
        ],
    )?;
    intents::store_metadata(&intent.id, fields, ledger)?;
    Ok(intent.response())
}

fn confirm(id: &str, ledger: &Transaction<'_>) -> Result<ProcessorResponse, rusqlite::Error> {
    let Some(mut intent) = find_intent(id, ledger)? else {
        return Ok(ProcessorResponse::missing());
    };
    let Some(method) = intent.method.clone().filter(|_| intent.status == "requires_confirmation")
    else {
        return Ok(unexpected_state());
    };
    let find = "SELECT card FROM methods WHERE id = ?1 AND customer IS NOT NULL";
    let card: Option<String> = ledger.query_row(find, [method], |row| row.get(0)).optional()?;
    // A card that was removed in the meantime declines.
    let behaviour = card
        .as_deref()
        .and_then(cards::find_card)
        .map_or(Behaviour::Declines("card_declined", "card_removed"), |card| card.behaviour);
    match behaviour {
        Behaviour::Pays | Behaviour::RefundsLate => {
            "succeeded".clone_into(&mut intent.status);
            intent.charged = intent.amount;
        }
        Behaviour::Declines(code, decline) => {
            "requires_payment_method".clone_into(&mut intent.status);
            intent.method = None;
            intent.code = Some(code.to_owned());
            intent.decline = Some(decline.to_owned());
        }
    }
    intent.write(ledger)?;
    Ok(match behaviour {
        Behaviour::Pays | Behaviour::RefundsLate => intent.response(),
        Behaviour::Declines(code, decline) => {
            ProcessorResponse::declined(code, decline, &intent.view())
        }
    })
}

fn cancel(id: &str, ledger: &Transaction<'_>) -> Result<ProcessorResponse, rusqlite::Error> {
    let Some(mut intent) = find_intent(id, ledger)? else {
        return Ok(ProcessorResponse::missing());
    };
    if !["requires_confirmation", "requires_payment_method"].contains(&&*intent.status) {
        return Ok(unexpected_state());
    }
    "canceled".clone_into(&mut intent.status);
    intent.write(ledger)?;
    Ok(intent.response())
}

fn refund(
    fields: &FormFields,
    ledger: &Transaction<'_>,
) -> Result<ProcessorResponse, rusqlite::Error> {
    let id = fields.get("payment_intent").cloned().unwrap_or_default();
    let Some(intent) = find_intent(&id, ledger)? else { return Ok(ProcessorResponse::missing()) };
    if intent.charged == 0 {
        return Ok(ProcessorResponse::invalid("resource_missing", "the intent has no charge"));
    }
    if ledger.prepare("SELECT 1 FROM refunds WHERE intent = ?1")?.exists([&id])? {
        return Ok(ProcessorResponse::invalid(
            "charge_already_refunded",
            "it was already refunded",
        ));
    }
    let refund = new_id("re");
    let insert = "INSERT INTO refunds (id, intent, amount) VALUES (?1, ?2, ?3)";
    ledger.execute(insert, params![refund, id, intent.charged])?;
    let find = "SELECT card FROM methods WHERE id = ?1";
    let card: Option<String> =
        ledger.query_row(find, [&intent.method], |row| row.get(0)).optional()?;
    let card = card.as_deref().and_then(cards::find_card);
    let is_late = card.is_some_and(|card| card.behaviour == Behaviour::RefundsLate);
    if is_late {
        ledger.execute("INSERT INTO refunds_late (intent) VALUES (?1)", [&id])?;
    }
    Ok(ProcessorResponse::ok(refund_view(&refund, &intent, is_late)))
}

fn refund_view(refund: &str, intent: &Intent, is_late: bool) -> Value {
    json!({
        "id": refund, "object": "refund", "payment_intent": intent.id,
        "amount": intent.charged, "currency": intent.currency,
        "status": if is_late { "pending" } else { "succeeded" },
    })
}

/// Lists an intent's refunds. A pending one succeeds after this response.
fn refunds(
    fields: &FormFields,
    ledger: &Transaction<'_>,
) -> Result<ProcessorResponse, rusqlite::Error> {
    let id = fields.get("payment_intent").cloned().unwrap_or_default();
    let Some(intent) = find_intent(&id, ledger)? else { return Ok(ProcessorResponse::missing()) };
    let is_late = ledger.execute("DELETE FROM refunds_late WHERE intent = ?1", [&id])? > 0;
    let find = "SELECT id FROM refunds WHERE intent = ?1";
    let refund: Option<String> = ledger.query_row(find, [&id], |row| row.get(0)).optional()?;
    let data: Vec<_> = refund.iter().map(|refund| refund_view(refund, &intent, is_late)).collect();
    Ok(ProcessorResponse::ok(json!({ "object": "list", "data": data, "has_more": false })))
}

fn unexpected_state() -> ProcessorResponse {
    ProcessorResponse::invalid("payment_intent_unexpected_state", "the intent is in another state")
}
