//! The email address that an owner signs up and logs in with, in one spelling.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An e-mail address of ASCII letters, digits and `.!#$%&'*+/=?^_{|}~-`, at most 254 bytes (RFC 5321, section 4.5.3.1),
/// its letters made small. One address is one text: no quoted local parts, comments, spaces, and nothing outside of
/// ASCII, whose letters can look or fold like others.
///
/// It does not print: an address is personal.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Handle(String);

newtype! {
    describe Handle,
    "An e-mail address in ASCII, its letters made small; at most 64 characters before the @.",
    [pattern: r"[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?",
        max: LONGEST, example: "hanako@example.org",]
}

/// The error of a text that is not such an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one e-mail address in ASCII, as in name@example.org, of at most 254 bytes")]
pub struct InvalidHandle;

const LONGEST: usize = 254;
const LONGEST_LOCAL: usize = 64;

impl Handle {
    /// Gives the address, to send mail to and to look up by.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Handle {
    type Error = InvalidHandle;

    fn try_from(text: String) -> Result<Self, InvalidHandle> {
        let (local, domain) = text.split_once('@').ok_or(InvalidHandle)?;
        let fits = text.len() <= LONGEST && local.len() <= LONGEST_LOCAL;
        if !fits || !is_dot_atom(local) || !is_domain(domain) {
            return Err(InvalidHandle);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

/// RFC 5322, section 3.2.3, without the backtick.
fn is_dot_atom(local: &str) -> bool {
    let atom = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_{|}~-".contains(&c);
    local.split('.').all(|part| !part.is_empty() && part.bytes().all(atom))
}

/// Two labels at least (RFC 1035, section 2.3.1; digits may begin one, RFC 1123, section 2.1).
fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    domain.contains('.') && domain.split('.').all(label)
}

impl From<Handle> for String {
    fn from(handle: Handle) -> Self {
        handle.0
    }
}

impl std::str::FromStr for Handle {
    type Err = InvalidHandle;

    fn from_str(text: &str) -> Result<Self, InvalidHandle> {
        text.to_owned().try_into()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn taken(text: &str) -> bool {
        text.parse::<Handle>().is_ok()
    }

    #[test]
    fn an_address_has_one_spelling() {
        let handle: Handle = "Hanako.Sato+Shop@Example.ORG".parse().unwrap();
        assert_eq!(handle.address(), "hanako.sato+shop@example.org");
        assert_eq!(format!("{handle:?}"), "Handle([redacted])");
    }

    proptest! {
        #[test]
        fn addresses_that_match_the_pattern_are_taken(
            text in prop::string::string_regex(Handle::PATTERN).unwrap(),
        ) {
            let local = text.find('@').unwrap_or_default();
            prop_assert_eq!(taken(&text), text.len() <= LONGEST && local <= LONGEST_LOCAL, "{}", text);
        }
    }

    #[test]
    fn ambiguous_addresses_are_refused() {
        for bad in [
            "",
            "a",
            "a@",
            "@b.c",
            "a@b",
            "a@b@c.d",
            "a@b.c,d@e.f",
            "a@b.c d@e.f",
            "a@b.c\n",
            "a@b.c\0",
            " a@b.c",
            "a b@c.d",
            "\"a\"@b.c",
            "a(x)@b.c",
            "a..b@c.d",
            ".a@b.c",
            "a.@b.c",
            "a@.b.c",
            "a@b..c",
            "a@-b.c",
            "a@b-.c",
            "a@[127.0.0.1]",
            "a@b.c.",
            "ａ@example.org",
            "a@ｅxample.org",
            "\u{212a}@example.org",
            "ı@example.org",
            "a@exаmple.org",
            "<a@b.c>",
            "a@b.c;d@e.f",
            "a%00@b.c\u{200b}",
        ] {
            assert!(!taken(bad), "{bad:?}");
        }
        assert!(taken(&format!("{}@b.co", "a".repeat(64))));
        assert!(!taken(&format!("{}@b.co", "a".repeat(65))));
        assert!(!taken(&format!("a@{}", "b.".repeat(127))));
    }
}
