//! What tills write. Each is checked where it is read, so that nothing later has to.

use std::fmt;
use std::num::NonZeroU32;

use axum::http::HeaderMap;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// A text is not what it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct NotAWord(&'static str);

/// An amount in minor units that a card can be charged with: 1 to 4,294,967,295.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = u32, minimum = 1, example = 1980)]
pub struct Amount(NonZeroU32);

impl Amount {
    /// Takes a number of minor units.
    ///
    /// # Errors
    /// [`NotAWord`].
    pub fn new(minor: u64) -> Result<Self, NotAWord> {
        let amount = u32::try_from(minor).ok().and_then(NonZeroU32::new);
        amount.map(Self).ok_or(NotAWord("an amount in minor units, 1 to 4294967295"))
    }

    pub(crate) const fn constant<const MINOR: u32>() -> Self {
        Self(const { NonZeroU32::new(MINOR).unwrap() })
    }

    /// The minor units.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0.get().into()
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// What a till writes as an amount: 1 to 999,999,999,999 minor units. A cashier who types too many digits is told that it
/// is too much, and not that her till does not know how to ask.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(value_type = u64, minimum = 1, maximum = 999_999_999_999_u64, example = 1980)]
pub(super) struct Figure(u64);

impl Figure {
    /// As much as a card can be charged with; `None`: it is more.
    pub(super) fn amount(self) -> Option<Amount> {
        Amount::new(self.0).ok()
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let minor = u64::deserialize(deserializer)?;
        if (1..1_000_000_000_000).contains(&minor) {
            Ok(Self(minor))
        } else {
            Err(de::Error::custom("expected an amount in minor units, 1 to 999999999999"))
        }
    }
}

macro_rules! word {
    ($(#[$doc:meta])* $name:ident, $form:literal, $check:expr) => {
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
        $(#[$doc])*
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes a text of that form.
            ///
            /// # Errors
            /// [`NotAWord`].
            pub fn new(text: &str) -> Result<Self, NotAWord> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.to_owned())) } else { Err(NotAWord($form)) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(&String::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }
    };
}

word! {
    /// A currency's three letters (ISO 4217), as in `JPY`.
    #[schema(pattern = "^[A-Z]{3}$", example = "JPY")]
    Currency, "a currency: three capital letters", |text| {
        text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
    }
}

word! {
    /// The till's own number for a sale: 1 to 64 visible characters of ASCII. Not a shopper's name or number: it is kept.
    #[schema(pattern = "^[!-~]{1,64}$", example = "2026-11-23-0042")]
    Reference, "a reference: 1 to 64 visible characters of ASCII", |text| {
        (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    }
}

word! {
    /// What a till calls one try, in the header `Idempotency-Key`: 1 to 64 visible characters of ASCII, never twice the
    /// same for two tries.
    #[schema(pattern = "^[!-~]{1,64}$", example = "7b0f6e5a-93f5-4c5e-8d39-0d6ff2ad1f0c")]
    IdempotencyKey, "a key: 1 to 64 visible characters of ASCII", |text| {
        (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    }
}

impl Currency {
    pub(crate) fn yen() -> Self {
        Self("JPY".to_owned())
    }
}

impl IdempotencyKey {
    /// That of the one header of the name.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all("idempotency-key").iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        Self::new(value.to_str().ok()?).ok()
    }
}

/// What was scanned: up to 64 characters, whatever they are. It pays, so it is never printed.
#[derive(Clone, ToSchema)]
#[schema(value_type = String, max_length = 64, example = "496012345678901012345678")]
pub(super) struct Scanned(Zeroizing<String>);

impl Scanned {
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Scanned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<'de> Deserialize<'de> for Scanned {
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

    #[test]
    fn words_are_what_they_say() {
        for bad in [0, 4_294_967_296, u64::MAX] {
            assert!(Amount::new(bad).is_err(), "{bad}");
        }
        assert_eq!(Amount::new(4_294_967_295).unwrap().get(), 4_294_967_295);
        for (figure, fits) in [("4294967295", true), ("4294967296", false), ("999999999999", false)]
        {
            let figure: Figure = serde_json::from_str(figure).unwrap();
            assert_eq!(figure.amount().is_some(), fits, "{figure:?}");
        }
        for bad in ["0", "-1", "1.0", "1000000000000"] {
            assert!(serde_json::from_str::<Figure>(bad).is_err(), "{bad}");
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
    fn a_key_comes_in_one_header() {
        let mut headers = HeaderMap::new();
        assert_eq!(IdempotencyKey::of(&headers), None);
        headers.append("idempotency-key", "a".parse().unwrap());
        assert_eq!(IdempotencyKey::of(&headers).unwrap().as_str(), "a");
        headers.append("idempotency-key", "a".parse().unwrap());
        assert_eq!(IdempotencyKey::of(&headers), None);
    }

    #[test]
    fn what_was_scanned_is_not_printed() {
        let scanned: Scanned = serde_json::from_str("\"496012345678901012345678\"").unwrap();
        assert_eq!(format!("{scanned:?}"), "[redacted]");
    }
}
