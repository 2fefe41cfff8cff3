//! How often one network, address or account may ask.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use ipnet::IpNet;

use crate::config::Config;
use crate::domain::{TokenHash, Uptime};
use crate::http::client_address::ClientNetwork;
use crate::http::problem::{Problem, RetryAfter};

/// The paths of health, which count against no rate.
pub(crate) const UNCOUNTED: [&str; 3] = ["/livez", "/healthz", "/readyz"];

/// The paths that answer nobody but a till: whoever gets something else there than 401 has the token of one.
pub(crate) const TILLS: [&str; 5] =
    ["/v1/till", "/v1/till/card.svg", "/v1/authorisations", "/v1/authorisations/{id}", "/v1/voids"];

/// [`Uptime`] in governor's words.
#[derive(Clone)]
struct Ticks(Arc<dyn Uptime>);

impl Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

/// Counts how often each key asks: so many at once, and then one each time a share of the period is over.
///
/// Its memory is bounded: it knows at most so many keys. Where more of them ask, it forgets who could
/// ask freely anyway, then those nearest to it, so that a crowd of new ones does not set free who was stopped.
pub struct Limiter<K: Clone + Eq + Hash> {
    limiter: RateLimiter<K, Bounded<K>, Ticks, NoOpMiddleware<Nanos>>,
    uptime: Ticks,
}

impl<K: Clone + Eq + Hash> Limiter<K> {
    /// Takes `allowed` in each `period` of each key, and knows at most `keys` of them (at least 2).
    #[must_use]
    pub fn new(
        allowed: NonZeroU32,
        period: Duration,
        keys: usize,
        uptime: Arc<dyn Uptime>,
    ) -> Self {
        let share = (period / allowed.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(share).unwrap_or(Quota::per_second(allowed));
        let uptime = Ticks(uptime);
        let state = Bounded { keys: keys.max(2), map: Mutex::default() };
        let limiter = RateLimiter::new(quota.allow_burst(allowed), state, uptime.clone());
        Self { limiter, uptime }
    }

    /// Counts one by `key`.
    ///
    /// # Errors
    /// [`Problem::TooMany`] with the wait until one will be taken; this one was not counted.
    pub fn check(&self, key: &K) -> Result<(), Problem> {
        self.limiter.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.uptime.now());
            Problem::TooMany { retry_after: RetryAfter::from_wait(wait) }
        })
    }
}

impl<K: Clone + Eq + Hash> std::fmt::Debug for Limiter<K> {
    /// Keys say who was here.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Limiter")
    }
}

/// For each key the moment at which all that it asked for is paid for (GCRA's theoretical arrival time).
struct Bounded<K> {
    keys: usize,
    map: Mutex<HashMap<K, Nanos>>,
}

impl<K: Clone + Eq + Hash> StateStore for Bounded<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        let (outcome, paid_at) = measure(map.get(key).copied())?;
        if !map.contains_key(key) && map.len() >= self.keys {
            forget_half(&mut map);
        }
        map.insert(key.clone(), paid_at);
        Ok(outcome)
    }
}

/// Half at a time, so that a crowd of new keys costs each of them little.
fn forget_half<K: Eq + Hash>(map: &mut HashMap<K, Nanos>) {
    let mut moments: Vec<_> = map.values().copied().collect();
    let middle = moments.len() / 2;
    let (_, &mut median, _) = moments.select_nth_unstable(middle);
    let mut left = middle.max(1);
    map.retain(|_, paid_at| {
        let forgotten = left > 0 && *paid_at <= median;
        left -= usize::from(forgotten);
        !forgotten
    });
}

/// The limits that stand before everything else: of networks, of the operator's own networks, and of tills, which share a
/// network with the tills beside them.
#[derive(Debug)]
pub struct Limits {
    network: Limiter<ClientNetwork>,
    own_network: Limiter<ClientNetwork>,
    own_networks: Vec<IpNet>,
    till: Limiter<TokenHash>,
    tills: KnownTills,
}

impl Limits {
    /// Networks, or tills, that are known at a time: 64 Ki of them are some 4 MiB.
    const KEYS: usize = 64 * 1024;

    /// The limits of these settings.
    #[must_use]
    pub fn new(config: &Config, uptime: &Arc<dyn Uptime>) -> Self {
        let minute = Duration::from_mins(1);
        let networks = |allowed| Limiter::new(allowed, minute, Self::KEYS, Arc::clone(uptime));
        Self {
            network: networks(config.requests_per_minute),
            own_network: networks(config.own_requests_per_minute),
            own_networks: config.own_networks.clone(),
            till: Limiter::new(
                config.till_requests_per_minute,
                minute,
                Self::KEYS,
                Arc::clone(uptime),
            ),
            tills: KnownTills::default(),
        }
    }

    /// Counts a request: of its till, if the token is one that was a till's before, and of its network otherwise, so that
    /// made-up tokens evade nothing.
    ///
    /// # Errors
    /// [`Problem::TooMany`]; the request was not counted.
    pub(crate) fn check(
        &self,
        client: ClientNetwork,
        till: Option<TokenHash>,
    ) -> Result<(), Problem> {
        match till.filter(|till| self.tills.contains(till)) {
            Some(till) => self.till.check(&till),
            None if self.own_networks.iter().any(|own| own.contains(&client.range())) => {
                self.own_network.check(&client)
            }
            None => self.network.check(&client),
        }
    }

    /// Remembers from the answer to a till's request whether its token is a till's.
    pub(crate) fn learn(&self, till: TokenHash, status: StatusCode) {
        if status.is_success() {
            self.tills.add(till, Self::KEYS);
        } else if status == StatusCode::UNAUTHORIZED {
            self.tills.remove(&till);
        }
    }
}

/// Tokens that were a till's when they were used last.
#[derive(Default)]
struct KnownTills(Mutex<HashSet<TokenHash>>);

impl KnownTills {
    fn lock(&self) -> MutexGuard<'_, HashSet<TokenHash>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn contains(&self, till: &TokenHash) -> bool {
        self.lock().contains(till)
    }

    /// Those that are forgotten when there are too many are known again after their next request.
    fn add(&self, till: TokenHash, at_most: usize) {
        let mut tills = self.lock();
        if tills.len() >= at_most {
            tills.clear();
        }
        tills.insert(till);
    }

    fn remove(&self, till: &TokenHash) {
        self.lock().remove(till);
    }
}

impl std::fmt::Debug for KnownTills {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KnownTills")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use proptest::prelude::*;

    use super::*;

    #[derive(Default)]
    struct Hand(AtomicU64);

    impl Hand {
        fn go(&self, millis: u64) {
            self.0.fetch_add(millis, Ordering::Relaxed);
        }
    }

    impl Uptime for Hand {
        fn elapsed(&self) -> Duration {
            Duration::from_millis(self.0.load(Ordering::Relaxed))
        }
    }

    fn limiter(allowed: u32, seconds: u64, keys: usize) -> (Limiter<u32>, Arc<Hand>) {
        let hand = Arc::new(Hand::default());
        let allowed = NonZeroU32::new(allowed).unwrap();
        (Limiter::new(allowed, Duration::from_secs(seconds), keys, hand.clone()), hand)
    }

    fn wait(limiter: &Limiter<u32>, key: u32) -> Option<u64> {
        match limiter.check(&key) {
            Ok(()) => None,
            Err(Problem::TooMany { retry_after }) => Some(retry_after.seconds()),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn so_many_at_once_and_then_one_each_share_of_the_period() {
        let (limiter, hand) = limiter(3, 30, 8);
        assert_eq!([(); 4].map(|()| wait(&limiter, 1)), [None, None, None, Some(10)]);
        assert_eq!(wait(&limiter, 2), None);
        hand.go(500);
        assert_eq!(wait(&limiter, 1), Some(10));
        hand.go(9_499);
        assert_eq!(wait(&limiter, 1), Some(1));
        hand.go(1);
        assert_eq!([(); 2].map(|()| wait(&limiter, 1)), [None, Some(10)]);
        hand.go(3_600_000);
        assert_eq!([(); 4].map(|()| wait(&limiter, 1)), [None, None, None, Some(10)]);
    }

    #[test]
    fn a_crowd_frees_no_limited_client_and_takes_no_more_memory() {
        let (limiter, _) = limiter(3, 30, 100);
        for _ in 0..4 {
            let _ = limiter.check(&0);
        }
        for key in 1..=10_000 {
            assert_eq!(wait(&limiter, key), None);
        }
        assert_eq!(wait(&limiter, 0), Some(10));
        let state = limiter.limiter.into_state_store();
        // Room grows by doubling, and halving keeps it.
        let map = state.map.into_inner().unwrap();
        assert!(map.len() <= 100 && map.capacity() < 400);
    }

    proptest! {
        #[test]
        fn who_comes_back_when_told_is_taken_and_not_a_second_sooner(
            allowed in 1_u32..20,
            seconds in 1_u64..4000,
            steps in prop::collection::vec(0_u64..3_000, 1..40),
        ) {
            let (limiter, hand) = limiter(allowed, seconds, 8);
            for step in steps {
                hand.go(step);
                if let Some(seconds) = wait(&limiter, 1) {
                    if seconds > 1 {
                        hand.go((seconds - 1) * 1000);
                        prop_assert!(wait(&limiter, 1).is_some());
                        hand.go(1000);
                    } else {
                        hand.go(1000);
                    }
                    prop_assert_eq!(wait(&limiter, 1), None);
                }
            }
        }
    }
}
