//! Who acts as an operator, why, and on whose account.

use std::str::FromStr;

use serde_json::json;
use tegata::protocol::Handle;
use tegata::text::is_plain;

use super::ids::AccountId;

/// Who acts, and why: it goes into the log, which nobody can change later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    by: String,
    why: String,
}

/// A name or a reason is not of the form that the log takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReason {
    /// The operator's name is empty, too long, or has several lines.
    #[error("expected the operator's name: 1 to 64 characters in one line")]
    By,
    /// The reason is empty, too long, or has several lines.
    #[error("expected a reason: 1 to 500 characters in one line")]
    Why,
}

impl Reason {
    /// Takes a name and a reason.
    ///
    /// # Errors
    /// [`InvalidReason`], which says which of the two is wrong.
    pub fn new(by: &str, why: &str) -> Result<Self, InvalidReason> {
        let is_line = |text: &str, most: usize| {
            (1..=most).contains(&text.trim().chars().count()) && text.chars().all(is_plain)
        };
        match (is_line(by, 64), is_line(why, 500)) {
            (false, _) => Err(InvalidReason::By),
            (_, false) => Err(InvalidReason::Why),
            _ => Ok(Self { by: by.trim().to_owned(), why: why.trim().to_owned() }),
        }
    }

    /// Tells whether the log names an operator so.
    pub(crate) fn is_operator(actor: &str) -> bool {
        actor.starts_with("operator ")
    }

    /// Names the operator as the log does, which names nobody else like that.
    pub(crate) fn actor(&self) -> String {
        format!("operator {}", self.by)
    }

    /// Gives the reason by itself.
    pub(crate) fn why(&self) -> &str {
        &self.why
    }

    /// Gives the reason as the detail of an event: `{"why":"…"}`.
    pub(crate) fn detail(&self) -> String {
        json!({ "why": self.why }).to_string()
    }
}

/// The account that an operator means.
#[derive(Clone, PartialEq, Eq)]
pub enum AccountRef {
    /// The account of this address.
    Address(Handle),
    /// The account of this number, as reports and the log have it.
    Account(AccountId),
}

/// A text is neither an address nor an account's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an e-mail address or an account id of 32 hex digits")]
pub struct ParseAccountRefError;

impl FromStr for AccountRef {
    type Err = ParseAccountRefError;

    fn from_str(text: &str) -> Result<Self, ParseAccountRefError> {
        let mut id = [0; 16];
        if hex::decode_to_slice(text, &mut id).is_ok() {
            return Ok(Self::Account(AccountId(id)));
        }
        text.parse().map(Self::Address).map_err(|_| ParseAccountRefError)
    }
}

impl std::fmt::Debug for AccountRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccountRef([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_reason_are_one_line_each() {
        let reason = Reason::new(" ann ", "a wave of log-ins\u{3000}").unwrap();
        assert_eq!(reason.actor(), "operator ann");
        assert_eq!(reason.detail(), "{\"why\":\"a wave of log-ins\"}");
        for by in ["", "  ", "a\nb", &"a".repeat(65)] {
            assert_eq!(Reason::new(by, "why"), Err(InvalidReason::By));
        }
        for why in ["", "\u{3000}", "a\u{7}b", "a\u{202e}b", "a\u{2028}b", &"a".repeat(501)] {
            assert_eq!(Reason::new("ann", why), Err(InvalidReason::Why));
        }
    }
}
