//! Customers and their cards, as the ledger has them.

use rusqlite::{Transaction, params};
use serde_json::{Value, json};

use crate::cards;
use crate::ids::new_id;

pub(crate) fn is_customer(id: &str, ledger: &Transaction<'_>) -> Result<bool, rusqlite::Error> {
    ledger.prepare("SELECT 1 FROM customers WHERE id = ?1")?.exists([id])
}

/// Stores a card of a customer; gives its id.
pub(crate) fn insert_method(
    customer: &str,
    card: &str,
    ledger: &Transaction<'_>,
) -> Result<String, rusqlite::Error> {
    let id = new_id("pm");
    let insert = "INSERT INTO methods (id, customer, card) VALUES (?1, ?2, ?3)";
    ledger.execute(insert, params![id, customer, card])?;
    Ok(id)
}

/// Describes a card as Stripe does.
pub(crate) fn method_view(id: &str, customer: Option<&str>, card: &str) -> Value {
    let card = cards::find_card(card);
    let fingerprint = card.zip(customer).map(|(card, customer)| card.fingerprint(customer));
    json!({
        "id": id, "object": "payment_method", "type": "card", "customer": customer,
        "card": {
            "brand": card.map(|card| card.brand), "last4": card.map(|card| card.last4),
            "fingerprint": fingerprint,
        },
    })
}
