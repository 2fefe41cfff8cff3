//! Limits that refill: a number of attempts at once, and then one each time a share of the period is over.

use serde::{Deserialize, Serialize};

/// A limit by the generic cell rate algorithm (GCRA): `burst` attempts at once, and one more each `interval`. Who used
/// all of them is a stranger again, of whom nothing has to be known, after `burst` times `interval`. Its user chooses the
/// unit of time: seconds in rows, milliseconds where many share a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefillingLimit {
    /// The most attempts at once, at least 1.
    pub burst: u64,
    /// The time after which another one is allowed.
    pub interval: u64,
}

/// How much of a [`RefillingLimit`] is used: the moment at which all of it is there again (GCRA's theoretical arrival
/// time).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UsedUntil(u64);

impl RefillingLimit {
    /// Gives the same limit for `times` as many.
    #[must_use]
    pub const fn times(self, times: u64) -> Self {
        Self { burst: self.burst.saturating_mul(times), interval: self.interval.div_ceil(times) }
    }

    /// Uses one attempt at `now`, counted from 1970 in the unit of `interval`.
    ///
    /// # Errors
    /// The time until one is allowed; nothing was used then.
    pub fn take(self, used: UsedUntil, now: u64) -> Result<UsedUntil, u64> {
        let all = self.burst.saturating_mul(self.interval);
        // A clock that was set back by a year must not shut anybody out for one.
        let used = used.0.max(now).min(now.saturating_add(all));
        let next = used.saturating_add(self.interval);
        let wait = next.saturating_sub(now).saturating_sub(all);
        if wait == 0 { Ok(UsedUntil(next)) } else { Err(wait) }
    }
}

impl UsedUntil {
    /// Gives the moment, counted from 1970: from then on it limits nothing.
    #[must_use]
    pub const fn moment(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RefillingLimit = RefillingLimit { burst: 3, interval: 10 };

    #[test]
    fn a_burst_is_allowed_and_then_one_each_period() {
        let mut used = UsedUntil::default();
        for _ in 0..3 {
            used = LIMIT.take(used, 100).unwrap();
        }
        assert_eq!(used.moment(), 130);
        assert_eq!((LIMIT.take(used, 100), LIMIT.take(used, 109)), (Err(10), Err(1)));
        used = LIMIT.take(used, 110).unwrap();
        assert_eq!(LIMIT.take(used, 110), Err(10));
        assert_eq!(LIMIT.take(used, 50), Err(10), "the clock was set back");
        assert_eq!(LIMIT.take(used, 140), LIMIT.take(UsedUntil::default(), 140));
    }

    #[test]
    fn the_block_around_a_network_has_many_times_as_much() {
        let block = RefillingLimit { burst: 10, interval: 180 }.times(8);
        assert_eq!(block, RefillingLimit { burst: 80, interval: 23 });
    }
}
