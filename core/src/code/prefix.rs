//! The issuer's routing digits.

use std::fmt;
use std::str::FromStr;

use super::decimal::{CODE_DIGITS, Decimal};

/// The issuer's routing digits: 4 to 8 decimal digits, fixed per credential.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(Decimal<8>);

/// The text is not a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a prefix is 4 to 8 digits, 0 to 9")]
pub struct InvalidPrefix;

impl Prefix {
    /// Digits in it: 4 to 8.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a prefix is never empty")]
    pub fn len(&self) -> usize {
        self.0.as_bytes().len()
    }

    /// Digits left for the alias in a code of 24: 7 to 11.
    #[must_use]
    pub fn alias_width(&self) -> usize {
        CODE_DIGITS - 9 - self.len()
    }

    /// How many credentials one prefix can carry, so that two matches at once stay below one in a billion payments:
    /// `10^(alias width - 3)`.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        (3..self.alias_width()).fold(1, |n, _| n * 10)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether one of the two is the beginning of the other, so that a code could belong to both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let a = self.as_bytes();
        let b = other.as_bytes();
        a.starts_with(b) || b.starts_with(a)
    }
}

impl FromStr for Prefix {
    type Err = InvalidPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidPrefix> {
        Decimal::parse(text.as_bytes(), 4).map(Self).ok_or(InvalidPrefix)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prefix({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_to_eight_ascii_digits() {
        for good in ["0000", "01016860", "99999999"] {
            assert_eq!(good.parse::<Prefix>().unwrap().to_string(), good);
        }
        for bad in ["", "123", "123456789", "12 4", "12a4", "１２３４", "-123", "+123"] {
            assert_eq!(bad.parse::<Prefix>(), Err(InvalidPrefix), "{bad}");
        }
    }

    #[test]
    fn capacity_follows_the_design() {
        let capacity = |text: &str| text.parse::<Prefix>().unwrap().capacity();
        assert_eq!(capacity("1234"), 100_000_000);
        assert_eq!(capacity("123456"), 1_000_000);
        assert_eq!(capacity("12345678"), 10_000);
    }
}
