//! What a till calls its sales and its requests.

use super::text::text_type;

text_type! {
    /// The till's own number for a sale: 1 to 64 visible characters of ASCII. Not a shopper's name or number: it is kept.
    #[schema(pattern = "^[!-~]{1,64}$", example = "2026-11-23-0042")]
    Reference, "a reference: 1 to 64 visible characters of ASCII", |text| {
        (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    }
}

text_type! {
    /// What a till calls one try, in the header `Idempotency-Key`: 1 to 64 visible characters of ASCII, never twice the
    /// same for two tries.
    #[schema(pattern = "^[!-~]{1,64}$", example = "7b0f6e5a-93f5-4c5e-8d39-0d6ff2ad1f0c")]
    IdempotencyKey, "a key: 1 to 64 visible characters of ASCII", |text| {
        (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    }
}
