//! Managers of tills, and their codes.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use tegata::code::ShopName;
use tegata::{Random, RandomUnavailable};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::newtype::newtype;

newtype! {
    /// A manager's name, as the log and the report show it: as long and of such characters as a shop's.
    #[schema(example = "Hanako")]
    text ManagerName, "a name: 1 to 64 characters in one line", |text| {
        ShopName::new(text).is_ok() && text.trim() == text
    }
}

/// How many digits a manager's code has.
const DIGITS: usize = 8;
/// How many codes there are.
const CODES: u32 = 100_000_000;

/// A manager's code: eight digits, which a void at a till asks for. It is never printed.
#[derive(Clone, ToSchema)]
#[schema(value_type = String, pattern = "^[0-9]{8}$", min_length = 8, max_length = 8, example = "40718253")]
pub struct ManagerCode(Zeroizing<String>);

impl ManagerCode {
    /// Makes a new code.
    ///
    /// # Errors
    /// [`RandomUnavailable`].
    pub fn make(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        // The first multiple of CODES that 32 bits do not hold: above it, the first codes would come more often.
        const END: u32 = u32::MAX / CODES * CODES;
        let mut bytes = Zeroizing::new([0; 4]);
        loop {
            random.fill(&mut *bytes)?;
            let number = u32::from_be_bytes(*bytes);
            if number < END {
                let code = number % CODES;
                return Ok(Self(Zeroizing::new(format!("{code:0DIGITS$}"))));
            }
        }
    }

    /// Exposes the digits, for the person who types them, and to be hashed.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ManagerCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<'de> Deserialize<'de> for ManagerCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        if text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(de::Error::custom("a manager's code has eight digits"))
        }
    }
}

/// The keyed hash of a manager's code at a till: without the key nobody tries all codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManagerCodeHash(pub(crate) [u8; 32]);
