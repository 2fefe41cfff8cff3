//! The types of the settings that are about mail.

use std::net::IpAddr;

use axum::http::uri::Authority;
use lettre::Address;
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
    /// By STARTTLS if the server offers it, under any certificate, else not at all: the server is this machine.
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
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
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

impl Sender {
    /// Takes a sender whose domain is ASCII, or is made so: servers that know ASCII alone take no other one, and would
    /// refuse each mail.
    fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "expected Name <name@example.org>";
        let Mailbox { name, email } = text.parse().map_err(|_| EXPECTED)?;
        if !email.user().is_ascii() {
            return Err("expected ASCII before the @ of the address: many servers take no other");
        }
        let email = if email.domain().is_ascii() {
            email
        } else {
            let domain = idna::domain_to_ascii_strict(email.domain()).map_err(|_| EXPECTED)?;
            Address::new(email.user(), domain).map_err(|_| EXPECTED)?
        };
        Ok(Self(Mailbox { name, email }))
    }
}

impl<'de> Deserialize<'de> for Sender {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
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

    #[test]
    fn a_senders_domain_is_sent_in_ascii_or_refused() {
        let sender = |text: &str| Sender::parse(text).map(|sender| sender.0.to_string());
        for (text, sent) in [
            ("no-reply@shop.example", "no-reply@shop.example"),
            ("no-reply@\u{4f8b}\u{3048}.jp", "no-reply@xn--r8jz45g.jp"),
            ("no-reply@M\u{dc}LLER.example", "no-reply@xn--mller-kva.example"),
            ("no-reply@\u{4f8b}\u{3048}\u{3002}jp", "no-reply@xn--r8jz45g.jp"),
        ] {
            assert_eq!(sender(text), Ok(sent.to_owned()), "{text}");
            let named = sender(&format!("\u{5e97} <{text}>")).unwrap();
            assert!(named.ends_with(&format!("<{sent}>")), "{named}");
        }
        for bad in [
            "\u{5e97}@shop.example",
            "Shop <m\u{fc}ller@shop.example>",
            "",
            "a",
            "a@\u{a0}",
            "a@b c",
        ] {
            assert!(sender(bad).is_err(), "{bad}");
        }
    }
}
