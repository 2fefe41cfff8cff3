//! Where an issuer is reached.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An issuer's address as a person types it: `https://` with a host and perhaps a port; `http://` to this machine
/// alone, as `http://127.0.0.1:8080`. Letters of the host are made small. Nothing else has a place in it: no user, no
/// path, no query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerAddress(String);

/// The error of a text that is not an address for secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the issuer's address as in https://pay.example.org, or as in http://127.0.0.1:8080 on this machine"
)]
pub struct InvalidIssuerAddress;

impl IssuerAddress {
    /// Gives the address without a slash at its end: a message's path follows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IssuerAddress {
    type Err = InvalidIssuerAddress;

    fn from_str(text: &str) -> Result<Self, InvalidIssuerAddress> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let (scheme, authority) = text.split_once("://").ok_or(InvalidIssuerAddress)?;
        let (host, port) = split(authority).ok_or(InvalidIssuerAddress)?;
        let scheme = scheme.to_ascii_lowercase();
        let taken = match scheme.as_str() {
            "https" => is_host(host),
            // A name could be looked up as anywhere; a literal is here.
            "http" => is_loopback(host),
            _ => false,
        };
        if !taken || port.is_some_and(|port| !is_port(port)) || text.len() > LONGEST {
            return Err(InvalidIssuerAddress);
        }
        Ok(Self(format!("{scheme}://{}", authority.to_ascii_lowercase())))
    }
}

/// Bytes of an address at most: those of a name in the DNS, and room for scheme and port.
const LONGEST: usize = 300;

/// Host and port; an IPv6 address stands in brackets (RFC 3986, section 3.2.2).
fn split(authority: &str) -> Option<(&str, Option<&str>)> {
    let after_host = match authority.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(after_host);
    match port.strip_prefix(':') {
        Some(port) => Some((host, Some(port))),
        None => port.is_empty().then_some((host, None)),
    }
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|c| c.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn ipv6(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

fn is_loopback(host: &str) -> bool {
    let v4 = host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    v4 || ipv6(host).is_some_and(|address| address.is_loopback())
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    ipv6(host).is_some() || host.split('.').all(label)
}

impl fmt::Display for IssuerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        text.parse::<IssuerAddress>().ok().map(|address| address.to_string())
    }

    #[test]
    fn addresses_use_tls_or_this_machine() {
        for (text, same) in [
            ("https://pay.example.org", "https://pay.example.org"),
            ("HTTPS://Pay.Example.org:8443/", "https://pay.example.org:8443"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
            ("https://192.0.2.1", "https://192.0.2.1"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(read(text).as_deref(), Some(same));
        }
    }

    #[test]
    fn cleartext_and_longer_addresses_are_refused() {
        for bad in [
            "",
            "pay.example.org",
            "https://",
            "http://pay.example.org",
            "http://192.0.2.1",
            "http://127.0.0.1.example.org",
            "http://localhost:8080",
            "http://[2001:db8::1]",
            "http://127.0.0.1@example.org",
            "https://ann@example.org",
            "https://ann:pass@example.org",
            "https://example.org/path",
            "https://example.org?query",
            "https://example.org#part",
            "https://example.org:",
            "https://example.org:0",
            "https://example.org:65536",
            "https://example.org:+443",
            "https://[::1",
            "https://[::1]x",
            "https://exa mple.org",
            "https://example.org\\@x",
            "https://example..org",
            "https://\u{ff45}xample.org",
            "ftp://example.org",
            "https://example.org//",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
