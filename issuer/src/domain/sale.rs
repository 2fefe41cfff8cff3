//! What a till calls its sales and its requests.

use super::newtype::newtype;

newtype! {
    /// The till's reference of a sale: 1 to 64 visible ASCII characters. It is stored, so it must not identify a shopper.
    #[schema(pattern = "^[!-~]{1,64}$", example = "2026-11-23-0042")]
    text Reference, "a reference: 1 to 64 visible ASCII characters", |text| {
        (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    }
}

newtype! {
    /// The value of the header `Idempotency-Key`: 1 to 64 visible ASCII characters, different for each new payment.
    #[schema(pattern = "^[!-~]{1,64}$", example = "7b0f6e5a-93f5-4c5e-8d39-0d6ff2ad1f0c")]
    text IdempotencyKey, "an idempotency key: 1 to 64 visible ASCII characters", |text| {
        (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    }
}
