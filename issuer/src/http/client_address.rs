//! Which network a request came from: the peer's, or what a proxy that we trust says of it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::config::ForwardedHeader;
use crate::domain::Network;
use crate::http::problem::Problem;

/// The network of whoever sent a request, as far as it can be told: one address of IPv4, or a /64 of IPv6, which is what
/// one customer gets. What limits are counted by; an extractor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientNetwork(IpAddr);

impl ClientNetwork {
    /// The network of an address. An IPv4 address in IPv6's clothes is the IPv4 one.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => {
                Self(std::net::Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into())
            }
        }
    }

    /// The network as budgets count it.
    #[must_use]
    pub(crate) fn network(self) -> Network {
        Network::of(self.0)
    }

    /// It as a range of addresses: /32 or /64.
    #[must_use]
    pub fn range(self) -> IpNet {
        match self.0 {
            IpAddr::V4(address) => Ipv4Net::from(address).into(),
            IpAddr::V6(address) => Ipv6Net::new_assert(address, 64).into(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for ClientNetwork {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Every request has one (see middleware.rs); a route that does not has no rate limit.
        parts.extensions.get().copied().ok_or(Problem::Internal)
    }
}

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Who sent a request: the peer, or, as long as a hop is a trusted proxy, whom that one names. What a hop names that is
/// no address ends the walk there, at the last hop that is known.
pub(crate) fn client(
    peer: IpAddr,
    headers: &HeaderMap,
    from: ForwardedHeader,
    trusted: &[IpNet],
) -> ClientNetwork {
    let mut hop = peer.to_canonical();
    let named = match from {
        ForwardedHeader::None => Vec::new(),
        ForwardedHeader::XForwardedFor => lines(headers, "x-forwarded-for", |line| {
            Some(line.split(',').map(|element| address(element.trim())).collect())
        }),
        ForwardedHeader::Forwarded => lines(headers, header::FORWARDED.as_str(), forwarded),
    };
    for next in named.into_iter().rev() {
        let is_trusted = trusted.iter().any(|range| range.contains(&hop));
        match next {
            Some(next) if is_trusted => hop = next,
            _ => break,
        }
    }
    ClientNetwork::of(hop)
}

/// The hops of all lines of a header, from the left. A line that cannot be read is one unknown hop.
fn lines(
    headers: &HeaderMap,
    name: &str,
    hops: impl Fn(&str) -> Option<Vec<Option<IpAddr>>>,
) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(name).iter();
    lines
        .flat_map(|line| line.to_str().ok().and_then(&hops).unwrap_or_else(|| vec![None]))
        .collect()
}

/// The hops of one line of `Forwarded`. What a client wrote may stand between quotes in what a proxy wrote, so quotes
/// are read as such, and a line in which they do not come out even says nothing at all.
fn forwarded(line: &str) -> Option<Vec<Option<IpAddr>>> {
    split_unquoted(line, ',')?
        .into_iter()
        .map(|element| {
            let mut hop = None;
            for parameter in split_unquoted(element, ';')? {
                let (name, value) = parameter.trim().split_once('=')?;
                if name.eq_ignore_ascii_case("for") {
                    let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
                    hop = address(bare.unwrap_or(value));
                }
            }
            Some(hop)
        })
        .collect()
}

/// Splits outside of double quotes; `None` if a quote stays open. A backslash in quotes makes a line unreadable: no
/// address needs one.
fn split_unquoted(text: &str, separator: char) -> Option<Vec<&str>> {
    let mut quoted = false;
    let parts = text.split(|c| {
        quoted ^= c == '"';
        c == separator && !quoted
    });
    let parts = parts.collect();
    (!quoted && !text.contains('\\')).then_some(parts)
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address = match bracketed {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().ok()?.into(),
        None => {
            text.parse::<IpAddr>().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?
        }
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn seen(peer: &str, from: ForwardedHeader, lines: &[(&'static str, &str)]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let value = HeaderValue::from_str(value).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        client(peer.parse().unwrap(), &headers, from, &trusted).range().to_string()
    }

    const XFF: &str = "x-forwarded-for";
    const PROXY: &str = "10.0.0.1";

    #[test]
    fn without_trust_no_header_counts() {
        let lines = [(XFF, "6.6.6.6"), ("forwarded", "for=6.6.6.6"), ("x-real-ip", "6.6.6.6")];
        for from in
            [ForwardedHeader::None, ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded]
        {
            assert_eq!(seen("192.0.2.1", from, &lines), "192.0.2.1/32");
        }
        assert_eq!(seen(PROXY, ForwardedHeader::None, &lines), "10.0.0.1/32");
    }

    #[test]
    fn only_the_header_that_was_chosen_counts() {
        let lines = [("forwarded", "for=6.6.6.6"), (XFF, "198.51.100.7")];
        assert_eq!(seen(PROXY, ForwardedHeader::XForwardedFor, &lines), "198.51.100.7/32");
        assert_eq!(seen(PROXY, ForwardedHeader::Forwarded, &lines), "6.6.6.6/32");
    }

    #[test]
    fn the_right_most_hop_that_nobody_trusts_is_the_client() {
        for (value, client) in [
            ("6.6.6.6, 198.51.100.7", "198.51.100.7/32"),
            ("6.6.6.6, 198.51.100.7, 10.9.9.9", "198.51.100.7/32"),
            ("10.1.1.1, 10.2.2.2", "10.1.1.1/32"),
            ("6.6.6.6, junk", "10.0.0.1/32"),
            ("6.6.6.6, junk, 10.2.2.2", "10.2.2.2/32"),
            ("198.51.100.7:4711", "198.51.100.7/32"),
            ("[2001:db8:1:2:3:4:5:6]:4711", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("::ffff:198.51.100.7", "198.51.100.7/32"),
            ("", "10.0.0.1/32"),
        ] {
            assert_eq!(
                seen(PROXY, ForwardedHeader::XForwardedFor, &[(XFF, value)]),
                client,
                "{value}"
            );
        }
        let two = [(XFF, "6.6.6.6"), (XFF, "198.51.100.7")];
        assert_eq!(
            seen("::ffff:10.0.0.1", ForwardedHeader::XForwardedFor, &two),
            "198.51.100.7/32"
        );
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_writes_it() {
        for (value, client) in [
            ("for=6.6.6.6, for=198.51.100.7;proto=https", "198.51.100.7/32"),
            ("proto=https;For=\"198.51.100.7:80\";by=10.0.0.1", "198.51.100.7/32"),
            ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::/64"),
            ("for=198.51.100.7;host=\"shop, for=6.6.6.6\"", "198.51.100.7/32"),
            ("for=\"x, for=198.51.100.7;host=\"shop\"", "10.0.0.1/32"),
            ("for=198.51.100.7;host=\"\\\", for=6.6.6.6\"", "10.0.0.1/32"),
            ("for=6.6.6.6, for=_hidden", "10.0.0.1/32"),
            ("for=6.6.6.6, for=unknown", "10.0.0.1/32"),
            ("nonsense", "10.0.0.1/32"),
        ] {
            let line = [("forwarded", value)];
            assert_eq!(seen(PROXY, ForwardedHeader::Forwarded, &line), client, "{value}");
        }
    }

    #[test]
    fn all_of_a_customers_ipv6_addresses_are_one_network() {
        let network = |text: &str| ClientNetwork::of(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    proptest! {
        #[test]
        fn what_a_client_puts_before_the_proxys_entry_is_ignored(junk in "[ -~]{0,40}") {
            let xff = format!("{junk}, 198.51.100.7");
            prop_assert_eq!(seen(PROXY, ForwardedHeader::XForwardedFor, &[(XFF, &xff)]), "198.51.100.7/32");
            // Or, where quotes run into it, nobody is named.
            let line = format!("{junk}, for=198.51.100.7");
            let client = seen(PROXY, ForwardedHeader::Forwarded, &[("forwarded", &line)]);
            prop_assert!(["198.51.100.7/32", "10.0.0.1/32"].contains(&client.as_str()), "{}", client);
        }
    }
}
