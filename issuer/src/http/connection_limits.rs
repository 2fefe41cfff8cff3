//! How many connections one network may hold at a time: of all that there are, it leaves some to the others.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;

use crate::http::client_address::ClientNetwork;

/// The connections that there are, by the network at the other end. It knows no more networks than there are connections.
#[derive(Debug)]
pub(crate) struct NetworkSlots {
    each: usize,
    /// Proxies, which connect for everybody.
    trusted: Vec<IpNet>,
    taken: Mutex<HashMap<ClientNetwork, usize>>,
}

/// A connection that is counted, until it is dropped.
#[derive(Debug)]
pub(crate) struct NetworkSlot(Option<(Arc<NetworkSlots>, ClientNetwork)>);

impl NetworkSlots {
    /// So many for each network, any number for trusted proxies.
    pub(crate) fn new(each: usize, trusted: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { each, trusted, taken: Mutex::default() })
    }

    /// One more for the network of this peer; `None` if it holds all that it may.
    pub(crate) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<NetworkSlot> {
        let peer = peer.to_canonical();
        if self.trusted.iter().any(|range| range.contains(&peer)) {
            return Some(NetworkSlot(None));
        }
        let network = ClientNetwork::of(peer);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let held = taken.entry(network).or_default();
        if *held >= self.each {
            return None;
        }
        *held += 1;
        Some(NetworkSlot(Some((Arc::clone(self), network))))
    }
}

impl Drop for NetworkSlot {
    fn drop(&mut self) {
        let Some((places, network)) = self.0.take() else { return };
        let mut taken = places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut held) = taken.entry(network) {
            *held.get_mut() -= 1;
            if *held.get() == 0 {
                held.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Arc<NetworkSlots> {
        NetworkSlots::new(2, vec!["10.0.0.0/8".parse().unwrap()])
    }

    fn take(places: &Arc<NetworkSlots>, peer: &str) -> Option<NetworkSlot> {
        places.take(peer.parse().unwrap())
    }

    #[test]
    fn a_network_holds_so_many_and_gets_another_when_one_ends() {
        let places = places();
        let held = ["192.0.2.1", "::ffff:192.0.2.1"].map(|peer| take(&places, peer).unwrap());
        assert!(take(&places, "192.0.2.1").is_none());
        let other = take(&places, "192.0.2.2").unwrap();
        let [first, second] = held;
        drop(first);
        let again = take(&places, "192.0.2.1").unwrap();
        assert!(take(&places, "192.0.2.1").is_none());
        drop((second, other, again));
        assert!(places.taken.lock().unwrap().is_empty(), "no network is remembered");
    }

    #[test]
    fn one_customer_of_ipv6_is_one_network_whatever_the_addresses() {
        let places = places();
        let held = ["2001:db8::1", "2001:db8::2"].map(|peer| take(&places, peer).unwrap());
        assert!(take(&places, "2001:db8::3").is_none());
        assert!(take(&places, "2001:db8:0:1::3").is_some());
        drop(held);
    }

    #[test]
    fn a_trusted_proxy_connects_for_any_number() {
        let places = places();
        let held: Vec<_> = (0..9).map(|_| take(&places, "10.1.2.3").unwrap()).collect();
        assert!(places.taken.lock().unwrap().is_empty());
        drop(held);
    }
}
