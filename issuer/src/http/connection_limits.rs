//! Who may hold a connection. A network holds so many and fewer as the total fills; some places are left for networks
//! that have none; and where none is left, what has waited longest for a request makes way for a newcomer.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::http::client_address::ClientNetwork;

/// One of so many places is for networks that have none.
const RESERVE: usize = 8;

/// A network holds at most so many times what is free, apart from the reserve: the fuller it is, the fewer.
const SHARE: usize = 2;

/// Connections of a network that wait for a place rather than being closed at once.
const PATIENT: usize = 2;

/// The places that there are and who holds them. It knows no more networks than there are connections.
#[derive(Debug)]
pub(crate) struct ConnectionTable {
    total: usize,
    each: usize,
    /// Networks that hold any number: proxies, which connect for everybody, and the operator's own.
    unlimited: Vec<IpNet>,
    places: Mutex<Places>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Places {
    next: u64,
    taken: HashMap<u64, Taken>,
    /// Connections of each network that hold a place or wait for one.
    held: HashMap<ClientNetwork, usize>,
    /// Connections that wait for a place.
    waiting: usize,
}

/// A place that is taken.
#[derive(Debug)]
struct Taken {
    network: Option<ClientNetwork>,
    /// Since when it waits for a request: for its handshake, for the rest of a head, or for a next one.
    waits_since: Option<Instant>,
    evicted: Arc<Notify>,
}

/// The answer to a connection that asks for a place.
#[derive(Debug)]
pub(crate) enum Admission {
    /// It has one.
    Admitted(Place),
    /// There is none now, and it may wait.
    Wait(Waiting),
    /// Its network holds all that it may.
    Refused,
}

/// A place that a connection holds until this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    table: Arc<ConnectionTable>,
    number: u64,
    evicted: Arc<Notify>,
}

/// A connection that waits for a place until this is dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    table: Arc<ConnectionTable>,
    network: Option<ClientNetwork>,
}

impl ConnectionTable {
    /// So many places in all and for each network, any number for these.
    pub(crate) fn new(total: usize, each: usize, unlimited: Vec<IpNet>) -> Arc<Self> {
        let freed = Notify::new();
        Arc::new(Self { total, each, unlimited, places: Mutex::default(), freed })
    }

    /// Gives a connection of this peer a place if there is one for it.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Admission {
        let peer = peer.to_canonical();
        let is_unlimited = self.unlimited.iter().any(|range| range.contains(&peer));
        let network = (!is_unlimited).then(|| ClientNetwork::of(peer));
        let mut places = self.lock();
        let held = places.held_by(network);
        if held >= self.each && network.is_some() {
            return Admission::Refused;
        }
        if let Some(place) = self.take(&mut places, network, held) {
            places.count(network);
            return Admission::Admitted(place);
        }
        if held >= PATIENT || places.waiting >= (self.total / RESERVE).max(PATIENT) {
            return Admission::Refused;
        }
        places.waiting += 1;
        places.count(network);
        drop(places);
        Admission::Wait(Waiting { table: Arc::clone(self), network })
    }

    /// Takes a place for a network that holds so many others, if it may have one now.
    fn take(
        self: &Arc<Self>,
        places: &mut Places,
        network: Option<ClientNetwork>,
        held: usize,
    ) -> Option<Place> {
        let free = self.total.saturating_sub(places.taken.len());
        if held > 0 {
            let shared = free.saturating_sub(self.total / RESERVE);
            if held >= SHARE * shared {
                // One that holds at least two more has one too many.
                places.evict(held + 2)?;
            }
        } else if free == 0 {
            places.evict(0)?;
        }
        let number = places.next;
        places.next += 1;
        let evicted = Arc::new(Notify::new());
        let waits_since = Some(Instant::now());
        places.taken.insert(number, Taken { network, waits_since, evicted: Arc::clone(&evicted) });
        Some(Place { table: Arc::clone(self), number, evicted })
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    /// What a network holds. The unlimited ones count as newcomers, always.
    fn held_by(&self, network: Option<ClientNetwork>) -> usize {
        network.and_then(|network| self.held.get(&network)).copied().unwrap_or_default()
    }

    fn count(&mut self, network: Option<ClientNetwork>) {
        if let Some(network) = network {
            *self.held.entry(network).or_default() += 1;
        }
    }

    fn uncount(&mut self, network: Option<ClientNetwork>) {
        let Some(network) = network else { return };
        if let Entry::Occupied(mut held) = self.held.entry(network) {
            *held.get_mut() -= 1;
            if *held.get() == 0 {
                held.remove();
            }
        }
    }

    /// Ends the connection that has waited longest for a request, of the network that holds most, if that is at least so
    /// many; those of unlimited networks last. `None` if none waits.
    fn evict(&mut self, at_least: usize) -> Option<()> {
        let waiting = self.taken.iter().filter_map(|(number, taken)| {
            let since = taken.waits_since?;
            let held = self.held_by(taken.network);
            (held >= at_least).then_some((taken.network.is_none(), Reverse(held), since, *number))
        });
        let (.., number) = waiting.min()?;
        let taken = self.taken.remove(&number)?;
        self.uncount(taken.network);
        taken.evicted.notify_one();
        Some(())
    }
}

impl Place {
    /// Notes that a request of it is worked on: it is not ended for others.
    pub(crate) fn mark_busy(&self) {
        self.set(None);
    }

    /// Notes that it waits for a request from now on.
    pub(crate) fn mark_waiting(&self) {
        self.set(Some(Instant::now()));
    }

    fn set(&self, waits_since: Option<Instant>) {
        let mut places = self.table.lock();
        if let Some(taken) = places.taken.get_mut(&self.number) {
            taken.waits_since = waits_since;
        }
        let is_wanted = places.waiting > 0 && waits_since.is_some();
        drop(places);
        if is_wanted {
            self.table.freed.notify_waiters();
        }
    }

    /// Waits until it has to make way.
    pub(crate) async fn evicted(&self) {
        self.evicted.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.table.lock();
        // An evicted one is not there any more.
        if let Some(taken) = places.taken.remove(&self.number) {
            places.uncount(taken.network);
        }
        drop(places);
        self.table.freed.notify_waiters();
    }
}

impl Waiting {
    /// Waits for a place, so long at most.
    pub(crate) async fn place(self, within: Duration) -> Option<Place> {
        tokio::time::timeout(within, self.next_place()).await.ok()
    }

    async fn next_place(&self) -> Place {
        loop {
            let freed = self.table.freed.notified();
            if let Some(place) = self.try_take() {
                return place;
            }
            freed.await;
        }
    }

    fn try_take(&self) -> Option<Place> {
        let mut places = self.table.lock();
        let others = places.held_by(self.network).saturating_sub(1);
        let place = self.table.take(&mut places, self.network, others)?;
        // What it counted as one that waits it gives back when it is dropped.
        places.count(self.network);
        Some(place)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut places = self.table.lock();
        places.waiting -= 1;
        places.uncount(self.network);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(total: usize) -> Arc<ConnectionTable> {
        ConnectionTable::new(total, 128.min(total), vec!["10.0.0.0/8".parse().unwrap()])
    }

    fn admit(table: &Arc<ConnectionTable>, peer: &str) -> Option<Place> {
        match table.admit(peer.parse().unwrap()) {
            Admission::Admitted(place) => Some(place),
            _ => None,
        }
    }

    fn admit_all(table: &Arc<ConnectionTable>, peer: &str) -> Vec<Place> {
        std::iter::from_fn(|| admit(table, peer)).collect()
    }

    #[test]
    fn a_network_holds_so_many_and_gets_another_when_one_ends() {
        let table = ConnectionTable::new(1024, 2, Vec::new());
        let one = admit(&table, "192.0.2.1").unwrap();
        let held = admit(&table, "::ffff:192.0.2.1").unwrap();
        assert!(admit(&table, "192.0.2.1").is_none());
        let other = admit(&table, "192.0.2.2").unwrap();
        drop(one);
        let again = admit(&table, "192.0.2.1").unwrap();
        assert!(admit(&table, "192.0.2.1").is_none());
        drop((held, other, again));
        assert!(table.lock().held.is_empty(), "no network is remembered");
    }

    #[test]
    fn one_customer_of_ipv6_is_one_network() {
        let table = ConnectionTable::new(1024, 2, Vec::new());
        let held = ["2001:db8::1", "2001:db8::2"].map(|peer| admit(&table, peer).unwrap());
        assert!(admit(&table, "2001:db8::3").is_none());
        assert!(admit(&table, "2001:db8:0:1::3").is_some());
        drop(held);
    }

    #[test]
    fn a_trusted_proxy_connects_for_any_number() {
        let table = ConnectionTable::new(1024, 2, vec!["10.0.0.0/8".parse().unwrap()]);
        let held: Vec<_> = (0..9).map(|_| admit(&table, "10.1.2.3").unwrap()).collect();
        assert!(table.lock().held.is_empty());
        drop(held);
    }

    #[test]
    fn the_fuller_it_is_the_fewer_each_network_gets() {
        for total in [64, 1024] {
            let table = table(total);
            let mut places = Vec::new();
            for network in 0..9 {
                places.extend(admit_all(&table, &format!("192.0.2.{network}")));
            }
            let held: Vec<_> = table.lock().held.values().copied().collect();
            let least = held.iter().min().unwrap();
            assert!(held.len() == 9 && held.iter().all(|held| held - least < 3), "{held:?}");
            // Who comes now gets as much as each of them has.
            let newcomer: Vec<_> =
                (0..least * 3 / 4).map(|_| admit(&table, "198.51.100.1").unwrap()).collect();
            assert!(newcomer.len() > 3 && table.lock().taken.len() <= total);
        }
    }

    #[test]
    fn a_newcomer_takes_the_place_that_waited_longest() {
        let table = table(16);
        let mut held: Vec<_> =
            (0..16).map(|n| admit(&table, &format!("192.0.2.{n}")).unwrap()).collect();
        held[0].mark_busy();
        let is_there = |place: &Place| table.lock().taken.contains_key(&place.number);
        let newcomer = admit(&table, "198.51.100.1").unwrap();
        assert!(is_there(&held[0]), "a request is not cut");
        assert!(!is_there(&held[1]), "the longest that waits");
        assert!(is_there(&newcomer) && held[2..].iter().all(is_there));
        // Who holds one already ends nobody's.
        assert!(admit(&table, "198.51.100.1").is_none());
        held.remove(1);
        assert_eq!(table.lock().taken.len(), 16);
    }

    #[tokio::test]
    async fn who_is_patient_gets_the_next_place() {
        let table = table(1);
        let first = admit(&table, "192.0.2.1").unwrap();
        first.mark_busy();
        let Admission::Wait(waiting) = table.admit("192.0.2.2".parse().unwrap()) else {
            panic!("it is refused");
        };
        let place = tokio::spawn(waiting.place(Duration::from_mins(1)));
        tokio::task::yield_now().await;
        drop(first);
        let place = place.await.unwrap().unwrap();
        assert_eq!(table.lock().held.values().sum::<usize>(), 1);
        drop(place);
        assert!(table.lock().held.is_empty() && table.lock().waiting == 0);
    }
}
