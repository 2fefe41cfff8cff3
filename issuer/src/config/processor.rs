//! The types of the settings that are about the card processor.

use std::path::PathBuf;

use axum::http::Uri;
use serde::{Deserialize, Deserializer, de};

use super::mail::is_loopback;
use crate::domain::secret_text;

/// The card processor that charges cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Processor {
    /// `sandbox`, or `sandbox:FILE`: the built-in one; no money moves.
    Sandbox(Option<PathBuf>),
    /// `https://HOST`, or `http://HOST:PORT` on this machine: one that speaks Stripe's interface.
    At(String),
}

impl Processor {
    /// Tells whether it may move money. One on this machine is taken for a test's.
    pub(crate) fn moves_money(&self) -> bool {
        matches!(self, Self::At(base) if base.starts_with("https:"))
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str =
            "expected sandbox, sandbox:FILE, https://HOST or, on this machine, http://HOST:PORT";
        match text.split_once(':') {
            None if text == "sandbox" => return Ok(Self::Sandbox(None)),
            Some(("sandbox", file)) if !file.is_empty() => {
                return Ok(Self::Sandbox(Some(file.into())));
            }
            _ => {}
        }
        let uri: Uri = text.parse().map_err(|_| EXPECTED)?;
        let scheme = uri.scheme_str();
        let host = uri.host().unwrap_or_default();
        let host = host.trim_matches(['[', ']']);
        let has_user = uri.authority().is_some_and(|place| place.as_str().contains('@'));
        let is_bare = uri.path() == "/" && uri.query().is_none() && !has_user && !host.is_empty();
        match scheme {
            Some("https") if is_bare => Ok(Self::At(text.to_owned())),
            // A key and what is charged go in the clear to this machine alone.
            Some("http") if is_bare && is_loopback(host) => Ok(Self::At(text.to_owned())),
            _ => Err(EXPECTED),
        }
    }
}

impl<'de> Deserialize<'de> for Processor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&secret_text(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        assert_eq!(Processor::parse("sandbox"), Ok(Processor::Sandbox(None)));
        let file = Processor::Sandbox(Some("a.sqlite".into()));
        assert_eq!(Processor::parse("sandbox:a.sqlite"), Ok(file));
        for good in [
            "https://api.example.com",
            "http://127.0.0.1:12111",
            "http://localhost:1",
            "http://[::1]:1",
        ] {
            assert_eq!(Processor::parse(good), Ok(Processor::At(good.to_owned())));
        }
        for bad in [
            "",
            "sandbox:",
            "sandboxes",
            "http://api.example.com",
            "http://10.0.0.1:1",
            "https://",
            "https://key:CANARY@api.example.com",
            "https://api.example.com/v1",
            "ftp://127.0.0.1",
        ] {
            assert!(Processor::parse(bad).is_err_and(|said| !said.contains("CANARY")), "{bad}");
        }
    }
}
