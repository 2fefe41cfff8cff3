//! The id of a till.

use std::fmt;
use std::str::FromStr;

/// A till's id: 1 to 32 of `0-9 A-Z a-z . _ -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TillId(Box<str>);

/// The text is not a till's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a till's id is 1 to 32 of the characters 0-9, A-Z, a-z, dot, underscore and hyphen")]
pub struct InvalidTillId;

impl TillId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TillId {
    type Err = InvalidTillId;

    fn from_str(text: &str) -> Result<Self, InvalidTillId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if (1..=32).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidTillId)
        }
    }
}

impl fmt::Display for TillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_plain() {
        let longest = "x".repeat(32);
        for good in ["A", "0001", "till-31337", "JP7-0042-03", "a.b_c-d", longest.as_str()] {
            assert_eq!(good.parse::<TillId>().unwrap().as_str(), good);
        }
        let too_long = "x".repeat(33);
        for bad in ["", " ", "till 1", "till/1", "レジ1", "a\0", "a\n", too_long.as_str()] {
            assert_eq!(bad.parse::<TillId>(), Err(InvalidTillId), "{bad:?}");
        }
    }
}
