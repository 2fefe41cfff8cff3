//! What a till sends as an amount and as a code. Each is checked where it is read, so that nothing later has to.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::domain::Amount;

/// What a till writes as an amount: 1 to 999,999,999,999 minor units. A cashier who types too many digits is told that it
/// is too much, and not that the till sent a malformed request.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(value_type = u64, minimum = 1, maximum = 999_999_999_999_u64, example = 1980)]
pub(super) struct AmountInput(u64);

impl AmountInput {
    /// Gives the amount, if a card can be charged with so much.
    pub(super) fn amount(self) -> Option<Amount> {
        Amount::new(self.0).ok()
    }
}

impl<'de> Deserialize<'de> for AmountInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let minor = u64::deserialize(deserializer)?;
        if (1..1_000_000_000_000).contains(&minor) {
            Ok(Self(minor))
        } else {
            Err(de::Error::custom("expected an amount in minor units, 1 to 999999999999"))
        }
    }
}

/// What a till scanned, or a cashier typed: up to 64 characters, whatever they are. It pays, so it is never printed.
#[derive(Clone, ToSchema)]
#[schema(value_type = String, max_length = 64, example = "496012345678901012345678")]
pub(super) struct ScannedCode(Zeroizing<String>);

impl ScannedCode {
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for ScannedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<'de> Deserialize<'de> for ScannedCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        if text.chars().count() > 64 {
            return Err(de::Error::custom("a code is shorter"));
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Currency, IdempotencyKey, Reference};

    #[test]
    fn amounts_and_names_are_of_their_form() {
        for bad in [0, 4_294_967_296, u64::MAX] {
            assert!(Amount::new(bad).is_err(), "{bad}");
        }
        assert_eq!(Amount::new(4_294_967_295).unwrap().get(), 4_294_967_295);
        for (figure, fits) in [("4294967295", true), ("4294967296", false), ("999999999999", false)]
        {
            let figure: AmountInput = serde_json::from_str(figure).unwrap();
            assert_eq!(figure.amount().is_some(), fits, "{figure:?}");
        }
        for bad in ["0", "-1", "1.0", "1000000000000"] {
            assert!(serde_json::from_str::<AmountInput>(bad).is_err(), "{bad}");
        }
        for bad in ["", "jpy", "JP", "JPYX", "ＪＰＹ", "J1Y"] {
            assert!(Currency::new(bad).is_err(), "{bad}");
        }
        for bad in ["", "a b", "a\n", "レジ", &"x".repeat(65)] {
            assert!(Reference::new(bad).is_err() && IdempotencyKey::new(bad).is_err(), "{bad:?}");
        }
        assert!(serde_json::from_str::<Amount>("-1").is_err());
        assert!(serde_json::from_str::<Amount>("1.0").is_err());
    }

    #[test]
    fn a_scanned_code_is_not_printed() {
        let scanned: ScannedCode = serde_json::from_str("\"496012345678901012345678\"").unwrap();
        assert_eq!(format!("{scanned:?}"), "[redacted]");
    }
}
