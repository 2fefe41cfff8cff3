//! A charge in the ledger, by its row.

use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::{Value, json};

use crate::response::ProcessorResponse;

pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) customer: String,
    pub(crate) method: Option<String>,
    pub(crate) amount: u32,
    pub(crate) currency: String,
    pub(crate) status: String,
    pub(crate) code: Option<String>,
    pub(crate) decline: Option<String>,
    pub(crate) charged: u32,
}

impl Intent {
    pub(crate) fn view(&self) -> Value {
        let error = self.code.as_ref().map(
            |code| json!({ "type": "card_error", "code": code, "decline_code": self.decline }),
        );
        json!({
            "id": self.id, "object": "payment_intent", "amount": self.amount, "currency": self.currency,
            "customer": self.customer, "payment_method": self.method, "status": self.status,
            "amount_received": self.charged, "last_payment_error": error,
        })
    }

    pub(crate) fn response(&self) -> ProcessorResponse {
        ProcessorResponse::ok(self.view())
    }

    pub(crate) fn write(&self, ledger: &Transaction<'_>) -> Result<(), rusqlite::Error> {
        let update = "UPDATE intents SET status = ?1, method = ?2, code = ?3, decline = ?4, charged = ?5 \
            WHERE id = ?6";
        let values =
            params![self.status, self.method, self.code, self.decline, self.charged, self.id];
        ledger.execute(update, values).map(drop)
    }
}

pub(crate) fn find_intent(
    id: &str,
    ledger: &Transaction<'_>,
) -> Result<Option<Intent>, rusqlite::Error> {
    let find = "SELECT id, customer, method, amount, currency, status, code, decline, charged \
        FROM intents WHERE id = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Intent {
            id: row.get(0)?,
            customer: row.get(1)?,
            method: row.get(2)?,
            amount: row.get(3)?,
            currency: row.get(4)?,
            status: row.get(5)?,
            code: row.get(6)?,
            decline: row.get(7)?,
            charged: row.get(8)?,
        })
    };
    ledger.query_row(find, [id], read).optional()
}
