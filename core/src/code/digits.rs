//! The 24 digits of a payment code.

use std::fmt;
use std::str::FromStr;

use super::alias::Alias;
use super::counter::Slot;
use super::decimal::{CODE_DIGITS, write_decimal};
use super::otp::Otp;
use super::prefix::Prefix;

/// The 24 ASCII digits of a payment code. Whoever holds them can spend for a minute: `Debug` shows no digit.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digits([u8; CODE_DIGITS]);

/// Why bytes from a till are not a payment code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseDigitsError {
    /// Too short or too long; the number of bytes found.
    #[error("a payment code is exactly 24 digits, not {0} bytes")]
    Length(usize),
    /// A byte that is not an ASCII digit; its position from 0. Spaces and full-width digits are not digits.
    #[error("a payment code contains only the digits 0 to 9; the byte at position {0} is not one")]
    NotADigit(usize),
}

impl Digits {
    /// Takes exactly 24 ASCII digits.
    ///
    /// # Errors
    /// [`ParseDigitsError`]. Costs nothing to speak of however long the input is.
    pub fn parse(text: &[u8]) -> Result<Self, ParseDigitsError> {
        let digits: &[u8; CODE_DIGITS] =
            text.try_into().map_err(|_| ParseDigitsError::Length(text.len()))?;
        match digits.iter().position(|b| !b.is_ascii_digit()) {
            Some(at) => Err(ParseDigitsError::NotADigit(at)),
            None => Ok(Self(*digits)),
        }
    }

    /// The digits as ASCII, as symbols take them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; CODE_DIGITS] {
        &self.0
    }

    /// The digits as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Joins prefix and alias (15 digits together), slot and otp. The callers' types make the lengths right.
    pub(super) fn from_parts(prefix: &Prefix, alias: &Alias, slot: Slot, otp: Otp) -> Self {
        let mut digits = [b'0'; CODE_DIGITS];
        let (head, tail) = digits.split_at_mut(CODE_DIGITS - 9);
        let parts = prefix.as_bytes().iter().chain(alias.as_bytes());
        head.iter_mut().zip(parts).for_each(|(digit, part)| *digit = *part);
        tail[0] = b'0' + slot.digit();
        write_decimal(&mut tail[1..], u64::from(otp.value()));
        Self(digits)
    }
}

impl FromStr for Digits {
    type Err = ParseDigitsError;

    fn from_str(text: &str) -> Result<Self, ParseDigitsError> {
        Self::parse(text.as_bytes())
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digits([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spaces_signs_and_full_width_digits_are_refused() {
        let parse = |text: &str| text.parse::<Digits>();
        assert_eq!(parse(""), Err(ParseDigitsError::Length(0)));
        assert_eq!(parse("01016860 6235459802301338"), Err(ParseDigitsError::Length(25)));
        assert_eq!(parse("0101 6860623545980230133"), Err(ParseDigitsError::NotADigit(4)));
        assert_eq!(parse("０101686062354598023013"), Err(ParseDigitsError::NotADigit(0)));
        assert_eq!(parse(&"１".repeat(8)), Err(ParseDigitsError::NotADigit(0)));
        assert_eq!(parse(&"9".repeat(10_000_000)), Err(ParseDigitsError::Length(10_000_000)));
    }

    #[test]
    fn debug_output_of_digits_is_redacted() {
        let digits: Digits = "010168606235459802301338".parse().unwrap();
        assert_eq!(format!("{digits:?}"), "Digits([redacted])");
    }

    proptest! {
        #[test]
        fn any_bytes_are_accepted_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let is_code = bytes.len() == 24 && bytes.iter().all(u8::is_ascii_digit);
            prop_assert_eq!(Digits::parse(&bytes).is_ok(), is_code);
        }
    }
}
