//! In which order the hosts of an address are tried.

use std::sync::atomic::{AtomicUsize, Ordering};

/// One host of the address, by its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HostIndex(pub(super) usize);

/// Which host is tried first: the one that was connected to last, until it fails.
pub(super) struct HostOrder {
    first: AtomicUsize,
    count: usize,
}

impl HostOrder {
    pub(super) fn new(count: usize) -> Self {
        Self { first: AtomicUsize::new(0), count }
    }

    pub(super) fn hosts(&self) -> impl Iterator<Item = HostIndex> + use<> {
        let first = self.first.load(Ordering::Relaxed);
        let count = self.count;
        (0..count).map(move |step| HostIndex((first + step) % count))
    }

    pub(super) fn prefer(&self, host: HostIndex) {
        self.first.store(host.0, Ordering::Relaxed);
    }

    /// Moves the start past this host, unless another one is first already.
    pub(super) fn avoid(&self, host: HostIndex) {
        let next = (host.0 + 1) % self.count.max(1);
        let order = Ordering::Relaxed;
        let _ = self.first.compare_exchange(host.0, next, order, order);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_good_host_is_first_until_it_fails() {
        let order = HostOrder::new(3);
        let hosts = |order: &HostOrder| order.hosts().map(|host| host.0).collect::<Vec<_>>();
        assert_eq!(hosts(&order), [0, 1, 2]);
        order.prefer(HostIndex(1));
        assert_eq!(hosts(&order), [1, 2, 0]);
        order.avoid(HostIndex(2));
        assert_eq!(hosts(&order), [1, 2, 0], "it was not first");
        order.avoid(HostIndex(1));
        assert_eq!(hosts(&order), [2, 0, 1]);
        order.avoid(HostIndex(2));
        assert_eq!(hosts(&order), [0, 1, 2]);
    }
}
