//! The email address that an owner signs up and logs in with, in one spelling.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An e-mail address of ASCII letters, digits and `.!#$%&'*+/=?^_{|}~-`, at most 254 bytes (RFC 5321, section 4.5.3.1),
/// its letters made small. One address is one text: no quoted local parts, comments, inner spaces, and nothing outside of
/// ASCII, whose letters can look or fold like others. Spaces around it and a full-width `@`, which keyboards add, are
/// taken off; where people type (`str::parse`) the full-width forms of all ASCII are read as that, and in messages they are
/// refused.
///
/// NTT Docomo and au once gave out addresses with dots in a row, or one before the `@`. They belong to people and are
/// taken as they are, for these companies' domains alone; in mail they are quoted ([`Handle::mailbox`]).
///
/// It does not print: an address is personal.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Handle(String);

newtype! {
    describe Handle,
    "An e-mail address in ASCII, its letters made small; at most 64 characters before the @. Spaces around it are dropped, and a full-width @ is read as one.",
    [pattern: r"([A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+([A-Za-z]{1,63}|[Xx][Nn]--[A-Za-z0-9-]{0,58}[A-Za-z0-9])|[A-Za-z0-9!#$%&'*+/=?^_{|}~-][A-Za-z0-9!#$%&'*+/=?^_{|}~.-]*@(docomo\.ne\.jp|([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)?ezweb\.ne\.jp|au\.com))",
        max: LONGEST, example: "hanako@example.org",]
}

/// The error of a text that is not such an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one e-mail address in ASCII, as in name@example.org, of at most 254 bytes")]
pub struct InvalidHandle;

const LONGEST: usize = 254;
const LONGEST_LOCAL: usize = 64;

impl Handle {
    /// Gives the address, to show and to look up by.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.0
    }

    /// Gives the address as a mail has it (RFC 5321, section 4.1.2): a local part with dots in a row, or at its end, is
    /// quoted.
    #[must_use]
    pub fn mailbox(&self) -> String {
        match self.0.split_once('@') {
            Some((local, domain)) if !is_dot_atom(local) => format!("\"{local}\"@{domain}"),
            _ => self.0.clone(),
        }
    }
}

impl TryFrom<String> for Handle {
    type Error = InvalidHandle;

    fn try_from(text: String) -> Result<Self, InvalidHandle> {
        let text = text.trim().replace(['\u{ff20}', '\u{fe6b}'], "@").to_ascii_lowercase();
        let (local, domain) = text.split_once('@').ok_or(InvalidHandle)?;
        let fits = text.len() <= LONGEST && local.len() <= LONGEST_LOCAL;
        let is_local = is_dot_atom(local) || (is_old_mobile(domain) && is_dotted(local));
        if !fits || !is_local || !is_domain(domain) {
            return Err(InvalidHandle);
        }
        Ok(Self(text))
    }
}

/// Reads a full-width or small form of an ASCII character as that one, as NFKC does. Its whole table would cost the
/// library 125 kB, and no keyboard gives the rest of it.
fn half_width(c: char) -> char {
    let ascii = match c {
        '\u{ff01}'..='\u{ff5e}' => u32::from(c) - 0xfee0,
        '\u{3000}' => 0x20,
        '\u{fe6b}' => 0x40,
        '\u{fe52}' => 0x2e,
        '\u{fe63}' => 0x2d,
        _ => return c,
    };
    char::from_u32(ascii).unwrap_or(c)
}

fn is_atom_char(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_{|}~-".contains(&c)
}

/// RFC 5322, section 3.2.3, without the backtick.
fn is_dot_atom(local: &str) -> bool {
    local.split('.').all(|part| !part.is_empty() && part.bytes().all(is_atom_char))
}

/// Whether dots stand anywhere but in front.
fn is_dotted(local: &str) -> bool {
    local.bytes().all(|c| c == b'.' || is_atom_char(c))
        && local.bytes().next().is_some_and(is_atom_char)
}

/// The domains whose local parts were once free in their dots. Addresses of `ezweb.ne.jp` were moved to `au.com`.
fn is_old_mobile(domain: &str) -> bool {
    matches!(domain, "docomo.ne.jp" | "ezweb.ne.jp" | "au.com")
        || domain.strip_suffix(".ezweb.ne.jp").is_some_and(|label| !label.contains('.'))
}

/// Two labels at least (RFC 1035, section 2.3.1; digits may begin one, RFC 1123, section 2.1). The last one is alphabetic
/// or the ASCII form of one that is not (RFC 3696, section 2): `192.168.0.1` is no domain.
fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    let is_top = |label: &str| {
        label.bytes().all(|c| c.is_ascii_alphabetic())
            || label.strip_prefix("xn--").is_some_and(|rest| !rest.is_empty())
    };
    domain.contains('.')
        && domain.split('.').all(label)
        && domain.rsplit('.').next().is_some_and(is_top)
}

impl From<Handle> for String {
    fn from(handle: Handle) -> Self {
        handle.0
    }
}

impl std::str::FromStr for Handle {
    type Err = InvalidHandle;

    fn from_str(text: &str) -> Result<Self, InvalidHandle> {
        text.chars().map(half_width).collect::<String>().try_into()
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

    #[test]
    fn what_keyboards_add_to_an_address_is_taken_off() {
        for typed in [
            " hanako@example.org",
            "hanako@example.org ",
            "\u{3000}hanako@example.org\u{3000}",
            "\thanako@example.org\r\n",
            "\u{a0}hanako@example.org",
            "hanako＠example.org",
            "ｈａｎａｋｏ＠ｅｘａｍｐｌｅ．ｏｒｇ",
            "ＨＡＮＡＫＯ@Example．Org",
            "hanako\u{fe6b}example\u{fe52}org",
        ] {
            let handle: Handle = typed.parse().unwrap();
            assert_eq!(handle.address(), "hanako@example.org", "{typed:?}");
        }
    }

    #[test]
    fn a_message_has_an_address_in_ascii() {
        let read = |text: &str| Handle::try_from(text.to_owned()).map(|handle| handle.0);
        for text in [" hanako@example.org ", "hanako\u{ff20}example.org", "Hanako@example.org"] {
            assert_eq!(read(text).unwrap(), "hanako@example.org", "{text}");
        }
        for text in ["hanako@\u{ff45}xample.org", "ｈanako@example.org", "hanako@example．org"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn old_addresses_of_phones_are_taken_and_quoted_in_mail() {
        for (typed, mailbox) in [
            ("taro..yamada@docomo.ne.jp", "\"taro..yamada\"@docomo.ne.jp"),
            ("Taro.@Docomo.ne.jp", "\"taro.\"@docomo.ne.jp"),
            ("taro...@ezweb.ne.jp", "\"taro...\"@ezweb.ne.jp"),
            ("t.-.-..x@a2.ezweb.ne.jp", "\"t.-.-..x\"@a2.ezweb.ne.jp"),
            ("taro..yamada@au.com", "\"taro..yamada\"@au.com"),
            ("taro．．yamada＠docomo.ne.jp", "\"taro..yamada\"@docomo.ne.jp"),
            ("taro.yamada@docomo.ne.jp", "taro.yamada@docomo.ne.jp"),
            ("hanako@example.org", "hanako@example.org"),
            ("hanako@example.xn--q9jyb4c", "hanako@example.xn--q9jyb4c"),
        ] {
            let handle: Handle = typed.parse().unwrap();
            assert_eq!(handle.mailbox(), mailbox);
        }
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
            "a@b.c\0",
            "a b@c.d",
            "a @b.c",
            "a@ b.c",
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
            "taro..yamada@example.org",
            "taro.@gmail.com",
            ".taro@docomo.ne.jp",
            "taro..yamada@docomo.ne.jp.example",
            "taro..yamada@a.b.ezweb.ne.jp",
            "x@192.168.0.1",
            "x@127.0.0.1",
            "x@example.1",
            "x@example.0x10",
            "x@example.c0m",
            "x@example.xn--",
            "x＠１９２.168.0.1",
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
