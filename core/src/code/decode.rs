//! The decoder: a code into prefix, alias, slot and one-time part.

use super::alias::{Alias, AliasPeriod};
use super::counter::Slot;
use super::decimal::{CODE_DIGITS, Decimal};
use super::digits::Digits;
use super::otp::Otp;
use super::prefix::Prefix;

/// A prefix and its alias period, for version 1 of the code. A prefix never changes its alias period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// The issuer's routing digits.
    pub prefix: Prefix,
    /// How long an alias stays the same.
    pub alias_period: AliasPeriod,
}

/// A code taken apart. The one-time part stays inside: only [`verify`](super::verify) looks at it.
#[derive(Clone, Copy, Debug)]
pub struct DecodedCode {
    /// The issuer's routing digits.
    pub prefix: Prefix,
    /// The alias of the payer.
    pub alias: Alias,
    /// The slot, for any till or for one.
    pub slot: Slot,
    pub(super) otp: Otp,
}

impl DecodedCode {
    /// The one-time part, eight digits. Exposed for tools that show a code's parts to a developer.
    #[must_use]
    pub fn otp_digits(&self) -> String {
        format!("{:08}", self.otp.value())
    }
}

/// Takes a code apart under a prefix; `None` when it does not begin with that prefix.
#[must_use]
pub fn decode(digits: &Digits, prefix: &Prefix) -> Option<DecodedCode> {
    let (head, tail) = digits.as_bytes().split_at(CODE_DIGITS - 9);
    let alias = head.strip_prefix(prefix.as_bytes())?;
    let slot = Slot::from_digit(u64::from(tail[0] - b'0')).ok()?;
    let alias = Alias(Decimal::parse(alias, prefix.alias_width())?);
    Some(DecodedCode { prefix: *prefix, alias, slot, otp: Otp::from_digits(&tail[1..]) })
}

/// The prefixes an issuer (or a payment switch) routes by: none is the beginning of another.
#[derive(Clone, Debug, Default)]
pub struct Prefixes(Vec<Scheme>);

/// Two prefixes under which one code could belong to both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the prefixes {0} and {1} overlap: a code could belong to both")]
pub struct OverlappingPrefixes(pub Prefix, pub Prefix);

impl Prefixes {
    /// Takes the whole list.
    ///
    /// # Errors
    /// [`OverlappingPrefixes`] when one is the beginning of another, the same one twice included.
    pub fn new(schemes: impl IntoIterator<Item = Scheme>) -> Result<Self, OverlappingPrefixes> {
        let mut known: Vec<Scheme> = Vec::new();
        for scheme in schemes {
            if let Some(other) = known.iter().find(|k| k.prefix.overlaps(&scheme.prefix)) {
                return Err(OverlappingPrefixes(other.prefix, scheme.prefix));
            }
            known.push(scheme);
        }
        Ok(Self(known))
    }

    /// Gives the prefixes, in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = Prefix> {
        self.0.iter().map(|scheme| scheme.prefix)
    }

    /// Takes a code apart under the one prefix it begins with; `None` when the issuer has no such prefix.
    #[must_use]
    pub fn decode(&self, digits: &Digits) -> Option<(Scheme, DecodedCode)> {
        self.0.iter().find_map(|scheme| Some((*scheme, decode(digits, &scheme.prefix)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheme(prefix: &str) -> Scheme {
        Scheme { prefix: prefix.parse().unwrap(), alias_period: AliasPeriod::DAY }
    }

    #[test]
    fn a_code_comes_apart() {
        let digits: Digits = "010168606235459802301338".parse().unwrap();
        let decoded = decode(&digits, &"01016860".parse().unwrap()).unwrap();
        assert_eq!(decoded.alias.to_string(), "6235459");
        assert_eq!(decoded.alias.value(), 6_235_459);
        assert_eq!(decoded.slot.digit(), 8);
        assert_eq!(decoded.otp_digits(), "02301338");
        assert!(decode(&digits, &"01016861".parse().unwrap()).is_none());
        assert_eq!(
            decode(&digits, &"0101".parse().unwrap()).unwrap().alias.to_string(),
            "68606235459"
        );
    }

    #[test]
    fn no_prefix_begins_another() {
        assert!(Prefixes::new([scheme("1234"), scheme("1235"), scheme("12360000")]).is_ok());
        for (a, b) in [("1234", "12345"), ("12345", "1234"), ("1234", "1234")] {
            let error = Prefixes::new([scheme(a), scheme(b)]).unwrap_err();
            assert_eq!(error, OverlappingPrefixes(a.parse().unwrap(), b.parse().unwrap()));
        }
    }

    #[test]
    fn debug_shows_no_one_time_part() {
        let digits: Digits = "010168606235459802301338".parse().unwrap();
        let shown = format!("{:?}", decode(&digits, &"01016860".parse().unwrap()));
        assert!(!shown.contains("2301338"), "{shown}");
    }
}
