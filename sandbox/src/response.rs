//! The fields of a request and the response to it, in Stripe's form.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The fields of a form.
pub(crate) type FormFields = BTreeMap<String, String>;

/// The response to a request: its status, and a body in JSON.
#[derive(Clone, Debug)]
pub(crate) struct ProcessorResponse {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl ProcessorResponse {
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }

    fn error(status: u16, kind: &str, code: &str, message: &str) -> Self {
        let body = json!({ "error": { "type": kind, "code": code, "message": message } });
        Self { status, body }
    }

    pub(crate) fn invalid(code: &str, message: &str) -> Self {
        Self::error(400, "invalid_request_error", code, message)
    }

    pub(crate) fn missing() -> Self {
        Self::error(404, "invalid_request_error", "resource_missing", "there is no such object")
    }

    pub(crate) fn unknown_path() -> Self {
        Self::error(404, "invalid_request_error", "unknown_path", "unknown path")
    }

    pub(crate) fn unauthorised() -> Self {
        Self::error(401, "invalid_request_error", "api_key", "invalid key")
    }

    pub(crate) fn failed() -> Self {
        Self::error(500, "api_error", "failed", "internal error")
    }

    pub(crate) fn reused_key() -> Self {
        let message = "this idempotency key was used with another request";
        Self::error(400, "idempotency_error", "idempotency_key_in_use", message)
    }

    pub(crate) fn declined(code: &str, decline: &str, intent: &Value) -> Self {
        let error = json!({
            "type": "card_error", "code": code, "decline_code": decline,
            "message": "the card was declined", "payment_intent": intent,
        });
        Self { status: 402, body: json!({ "error": error }) }
    }
}
