//! Payments by the numbers that they have outside.

use serde_json::Value;
use tegata::protocol::PaymentNumber;

use super::{AuthorisationId, EventRow, Operator, OperatorError};
use crate::crypto::Keys;

impl Operator {
    /// Gives the number that a payment has at tills, on receipts and in the log.
    ///
    /// # Errors
    /// [`OperatorError`]; it takes the server key.
    pub fn payment_number(&self, id: AuthorisationId) -> Result<PaymentNumber, OperatorError> {
        Ok(self.keys()?.payment_number(id))
    }

    /// Writes the numbers of payments into the details of these events in place of their ids. Without the server key
    /// nobody can: then the ids stay.
    pub(super) fn with_payment_numbers(&self, mut events: Vec<EventRow>) -> Vec<EventRow> {
        if let Ok(keys) = self.keys() {
            for event in &mut events {
                write_number(&keys, event);
            }
        }
        events
    }
}

fn write_number(keys: &Keys, event: &mut EventRow) {
    let Ok(Value::Object(mut detail)) = serde_json::from_str(&event.detail) else { return };
    let Some(Value::String(id)) = detail.get_mut("authorisation") else { return };
    let mut bytes = [0; 16];
    if hex::decode_to_slice(&*id, &mut bytes).is_err() {
        return;
    }
    *id = hex::encode(keys.payment_number(AuthorisationId(bytes)).0);
    event.detail = Value::Object(detail).to_string();
}
