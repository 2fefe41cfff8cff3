//! The types of the settings that are about mail.

use std::net::IpAddr;

use axum::http::uri::Authority;
use lettre::message::Mailbox;
use serde::{Deserialize, Deserializer, de};

use crate::domain::secret_text;

/// Where the issuer hands its mail to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mail {
    /// `mailbox`: into memory, for a page on this machine. For development.
    Mailbox,
    /// `smtp://HOST:PORT` or `smtps://HOST:PORT`: to a server.
    Smtp(Smtp),
}

/// A mail server and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Smtp {
    /// The name or address of the server, without brackets.
    pub host: String,
    /// The port that it listens on.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not at all: the server is this machine.
    Loopback,
    /// By STARTTLS (RFC 3207), without which nothing is sent.
    StartTls,
    /// By TLS from the first byte (RFC 8314).
    Tls,
}

impl Mail {
    fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "expected mailbox, smtp://HOST:PORT or smtps://HOST:PORT; the user name goes into mail_user";
        if text == "mailbox" {
            return Ok(Self::Mailbox);
        }
        let (scheme, place) = text.split_once("://").ok_or(EXPECTED)?;
        let place: Authority = place.parse().map_err(|_| EXPECTED)?;
        let host = place.host().trim_matches(['[', ']']).to_owned();
        let is_plain = !place.as_str().contains('@') && !host.is_empty();
        let (security, usual) = match scheme {
            "smtp" if is_loopback(&host) => (Security::Loopback, 25),
            "smtp" => (Security::StartTls, 587),
            "smtps" => (Security::Tls, 465),
            _ => return Err(EXPECTED),
        };
        // A port that cannot be read is no port at all for the library, and then not the usual one.
        let port = match place.as_str().rsplit_once(':') {
            Some((_, port)) if !port.contains(']') => port.parse().map_err(|_| EXPECTED)?,
            _ => usual,
        };
        let smtp = Self::Smtp(Smtp { host, port, security });
        if is_plain { Ok(smtp) } else { Err(EXPECTED) }
    }
}

pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

impl<'de> Deserialize<'de> for Mail {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&secret_text(deserializer)?).map_err(de::Error::custom)
    }
}

/// Whom mail comes from: `Shop <no-reply@shop.example>`, or the address alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender(pub(crate) Mailbox);

impl Sender {
    /// The part after the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.email.domain()
    }
}

impl<'de> Deserialize<'de> for Sender {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sender = String::deserialize(deserializer)?.parse();
        sender.map(Self).map_err(|_| de::Error::custom("expected Name <name@example.org>"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        let smtp = |text: &str| match Mail::parse(text) {
            Ok(Mail::Smtp(Smtp { host, port, security })) => (host, port, security),
            other => panic!("{text}: {other:?}"),
        };
        for (text, host, port, security) in [
            ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, Security::Loopback),
            ("smtp://[::1]", "::1", 25, Security::Loopback),
            ("smtp://localhost", "localhost", 25, Security::Loopback),
            ("smtp://mail.example.org", "mail.example.org", 587, Security::StartTls),
            ("smtp://localhost.example.org:25", "localhost.example.org", 25, Security::StartTls),
            ("smtp://10.0.0.1:25", "10.0.0.1", 25, Security::StartTls),
            ("smtps://mail.example.org", "mail.example.org", 465, Security::Tls),
            ("smtps://127.0.0.1:2465", "127.0.0.1", 2465, Security::Tls),
        ] {
            assert_eq!(smtp(text), (host.to_owned(), port, security), "{text}");
        }
        assert_eq!(Mail::parse("mailbox"), Ok(Mail::Mailbox));
        for bad in [
            "",
            "mailboxes",
            "smtp:host",
            "smtp://",
            "smtp://:25",
            "http://host:25",
            "smtp://ann:CANARY@host:25",
            "smtp://host:99999",
            "smtp://host:",
            "smtp://host/x",
        ] {
            assert!(Mail::parse(bad).is_err_and(|said| !said.contains("CANARY")), "{bad}");
        }
    }
}
