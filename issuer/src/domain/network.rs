//! The networks that strangers are told apart by.

use std::net::IpAddr;

/// The network of whoever sent a request, as budgets count it: one IPv4 address or an IPv6 /56, which is what one
/// customer gets at most, within the block around it, an IPv4 /24 or an IPv6 /48.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    block: NetworkBlock,
    part: u8,
}

/// The block around a network: what one customer can rent in a moment, and use as many networks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkBlock([u8; 7]);

impl Network {
    /// Gives the network of an address. An IPv4 address written as IPv6 is the IPv4 one.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, part] = address.octets();
                Self { block: NetworkBlock([4, a, b, c, 0, 0, 0]), part }
            }
            IpAddr::V6(address) => {
                let octets = address.octets();
                let mut block = [6; 7];
                block[1..].copy_from_slice(&octets[..6]);
                Self { block: NetworkBlock(block), part: octets[6] }
            }
        }
    }

    /// Gives the block around it.
    #[must_use]
    pub fn block(self) -> NetworkBlock {
        self.block
    }

    /// Gives the bytes that tell it from every other network.
    pub(crate) fn bytes(self) -> Vec<u8> {
        [self.block.bytes(), &[self.part]].concat()
    }

    /// Gives its number within its block.
    #[must_use]
    pub fn part(self) -> u8 {
        self.part
    }
}

impl NetworkBlock {
    /// Gives the bytes that tell it from every other block.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Tells how many times the budget of one of its networks all of them have together.
    pub(crate) fn allowance(self) -> u64 {
        if self.0[0] == 4 { 8 } else { 16 }
    }
}

/// Says nothing: it tells who was here.
impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Network")
    }
}

/// Says nothing, for the same reason.
impl std::fmt::Debug for NetworkBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NetworkBlock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::of(text.parse().unwrap())
    }

    #[test]
    fn a_network_is_one_ipv4_address_or_an_ipv6_56() {
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_eq!(network("2001:db8:1:200::1"), network("2001:db8:1:2ff:ffff::"));
        assert_ne!(network("2001:db8:1:200::1"), network("2001:db8:1:300::1"));
    }

    #[test]
    fn a_block_is_an_ipv4_24_or_an_ipv6_48() {
        let block = |text: &str| network(text).block();
        assert_eq!(block("192.0.2.1"), block("192.0.2.255"));
        assert_ne!(block("192.0.2.1"), block("192.0.3.1"));
        assert_eq!(block("2001:db8:1:200::1"), block("2001:db8:1:ff00::1"));
        assert_ne!(block("2001:db8:1::1"), block("2001:db8:2::1"));
        assert_ne!(block("4.1.2.3"), block("401:203::"), "one is of IPv4, the other of IPv6");
        assert_eq!([block("192.0.2.1"), block("::1")].map(NetworkBlock::allowance), [8, 16]);
    }
}
