//! What was paid with an account.

use serde::{Deserialize, Serialize};

use super::call::{Call, RequiredAuth, SessionCall};
use super::values::{CurrencyName, PaymentNumber, SaleNumber};
use crate::UnixTime;
use crate::code::ShopName;

calls! {
    /// Lists up to a hundred payments and declined ones, newest first.
    ListPayments "/v1/payments" RequiredAuth::Session, idempotent => PaymentPage {
        /// The last payment of the previous page; the first page if omitted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<PaymentNumber>,
    }
}

session_calls! {
    ListPayments
}

/// A page of an account's payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentPage {
    /// The payments, newest first.
    pub payments: Vec<AccountPayment>,
    /// Whether there is a next page with earlier ones.
    pub earlier: bool,
    /// Number of decimals of an amount.
    #[cfg_attr(feature = "openapi", schema(example = 0, maximum = 4))]
    pub decimals: u8,
}

/// A payment as on its receipt, without its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountPayment {
    /// The id of the payment.
    pub payment: PaymentNumber,
    /// The name of the shop.
    pub shop: ShopName,
    /// The till's reference of the sale.
    pub reference: SaleNumber,
    /// The amount in minor units of the currency.
    #[cfg_attr(feature = "openapi", schema(example = 1980))]
    pub amount: u64,
    /// The currency (ISO 4217).
    pub currency: CurrencyName,
    /// The state of the payment.
    pub state: PaymentState,
    /// When the payment was made: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub time: UnixTime,
    /// When its state last changed: seconds since 1970.
    #[cfg_attr(feature = "openapi", schema(value_type = u64))]
    pub since: UnixTime,
}

/// The state of a payment as its owner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PaymentState {
    /// It is not known yet whether the card was charged.
    Waiting,
    /// The card was charged.
    Paid,
    /// Nothing was charged: over the limit for one payment or a day.
    OverLimit,
    /// Nothing was charged: the account is frozen or on hold.
    Held,
    /// Nothing was charged: the payment credential was revoked.
    NotValid,
    /// Nothing was charged: there was no card or it was declined.
    CardDeclined,
    /// The payment is being voided.
    BeingTakenBack,
    /// Voided before the card was charged.
    Cancelled,
    /// The money went back to the card.
    Refunded,
}

/// Formats an amount in minor units: `¥1,980`, `19.80 EUR`.
#[must_use]
pub fn format_amount(amount: u64, currency: &str, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    let digits = format!("{amount:0>width$}", width = decimals + 1);
    let (whole, part) = digits.split_at(digits.len() - decimals);
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if decimals > 0 {
        text = format!("{text}.{part}");
    }
    if currency == "JPY" { format!("¥{text}") } else { format!("{text} {currency}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        let all = [
            ((0, "JPY", 0), "¥0"),
            ((999, "JPY", 0), "¥999"),
            ((1980, "JPY", 0), "¥1,980"),
            ((123_456_789, "JPY", 0), "¥123,456,789"),
            ((5, "EUR", 2), "0.05 EUR"),
            ((123_456, "EUR", 2), "1,234.56 EUR"),
            ((u64::MAX, "KWD", 4), "1,844,674,407,370,955.1615 KWD"),
        ];
        for ((amount, currency, decimals), text) in all {
            assert_eq!(format_amount(amount, currency, decimals), text);
        }
    }
}
