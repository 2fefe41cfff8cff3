//! How long things hold and how often they may be tried. One place for each of these numbers.

use serde::{Deserialize, Serialize};
use tegata::UnixTime;

/// Tries within a span of time that slides with the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub tries: usize,
    /// Within so many seconds.
    pub seconds: u64,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Seconds of a step of the second factor (RFC 6238, section 5.2).
pub const FACTOR_STEP: u64 = 30;
/// For how many seconds a mailed code can be typed.
pub const MAILED_CODE_LIFE: u64 = 10 * MINUTE;
/// How often a mailed code is compared.
pub const MAILED_CODE_TRIES: u8 = 5;
/// For how many seconds a proved reset waits for the new password.
pub const PROVED_LIFE: u64 = 10 * MINUTE;
/// For how many seconds a password or a second factor counts as just proved.
pub const FRESH: u64 = 5 * MINUTE;
/// For how many seconds a changed address, factor or set of recovery codes can be taken back.
pub const UNDO_WINDOW: u64 = 7 * DAY;
/// How many changes are taken within that window.
pub const CHANGES: usize = 10;
/// How many codes their notices have: each goes to the address as it was, and to the one in use with a code of its own.
pub const NOTICES: usize = 2 * CHANGES;
/// For how many seconds an account that its owner closes can be kept after all.
pub const CLOSING_GRACE: u64 = 7 * DAY;
/// For how many seconds less can be spent, after a new device, a recovery code or a reset.
pub const LOW_CAPS: u64 = DAY;
/// For how many seconds a session holds that nobody uses.
pub const SESSION_IDLE: u64 = 30 * DAY;
/// For how many seconds a session holds at all.
pub const SESSION_LIFE: u64 = 90 * DAY;
/// How many devices an account knows; the one used longest ago is forgotten for a new one.
pub const DEVICES: usize = 10;
/// How many sessions an account has; the oldest ends for a new one.
pub const SESSIONS: usize = 20;
/// How many recovery codes are made at once.
pub const RECOVERY_CODES: u32 = 10;
/// Reset codes mailed at the request of one known device.
pub const CODES_KNOWN_DEVICE: Limit = Limit { tries: 5, seconds: DAY };
/// Reset codes mailed at the request of all unknown devices together: with [`MAILED_CODE_TRIES`], 25 guesses a day
/// at 10^8.
pub const CODES_UNKNOWN_DEVICES: Limit = Limit { tries: 5, seconds: DAY };
/// Values of the second factor compared in resets, after the mailed code was right.
pub const FACTOR_IN_RESETS: Limit = Limit { tries: 20, seconds: 7 * DAY };
/// Values of the second factor compared for devices that the account does not know, after the password was right.
pub const FACTOR_UNKNOWN_DEVICES: Limit = Limit { tries: 20, seconds: 7 * DAY };
/// Passwords compared for one known device.
pub const LOGINS_KNOWN_DEVICE: Limit = Limit { tries: 10, seconds: HOUR };
/// Passwords compared for all unknown devices together.
pub const LOGINS_UNKNOWN_DEVICES: Limit = Limit { tries: 30, seconds: HOUR };
/// Values of the second factor compared for one known device, right ones included: who has somebody's unlocked phone
/// and password gains 9 in 10^5 a week.
pub const FACTOR_KNOWN_DEVICE: Limit = Limit { tries: 30, seconds: 7 * DAY };
/// Values of the second factor compared to take changes back, after the code of a notice was right; one budget for the
/// codes mailed to the address as it was, and one for those mailed to another.
pub const FACTOR_IN_TAKE_BACKS: Limit = Limit { tries: 20, seconds: 7 * DAY };
/// Codes mailed to an address that an account is to be moved to.
pub const ADDRESS_CODES: Limit = Limit { tries: 5, seconds: DAY };

/// When tries were made: what was used up of a [`Limit`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Used(Vec<UnixTime>);

impl Used {
    /// For how many seconds none is left.
    #[must_use]
    pub fn wait(&self, limit: Limit, now: UnixTime) -> u64 {
        let first = self.0.iter().min().copied().filter(|_| self.0.len() >= limit.tries);
        first.map_or(0, |at| later(at, limit.seconds).seconds().saturating_sub(now.seconds()))
    }

    /// From when on it says nothing any more.
    #[must_use]
    pub fn over(&self, limit: Limit) -> UnixTime {
        let last = self.0.iter().max().copied().unwrap_or(UnixTime::EPOCH);
        later(last, limit.seconds)
    }

    /// Whether nothing was.
    pub(super) fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes one of the tries; `false` when none is left. A clock that was set back gives none back.
    #[must_use]
    pub fn take(&mut self, limit: Limit, now: UnixTime) -> bool {
        self.0.retain(|at| within(*at, limit.seconds, now));
        let left = self.0.len() < limit.tries;
        if left {
            self.0.push(now);
        }
        left
    }

    /// The same, and when none is left: in how many seconds there is one.
    ///
    /// # Errors
    /// The seconds, at least one.
    pub fn take_or_wait(&mut self, limit: Limit, now: UnixTime) -> Result<(), u64> {
        if self.take(limit, now) { Ok(()) } else { Err(self.wait(limit, now)) }
    }
}

/// Whether `now` is less than so many seconds after `since`. A moment that lies ahead counts as this one.
pub(super) fn within(since: UnixTime, seconds: u64, now: UnixTime) -> bool {
    now.seconds().saturating_sub(since.seconds()) < seconds
}

/// So many seconds later.
pub(super) fn later(now: UnixTime, seconds: u64) -> UnixTime {
    now.shifted(i64::try_from(seconds).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::new(seconds).unwrap()
    }

    #[test]
    fn tries_come_back_one_by_one_and_not_by_a_clock_set_back() {
        let (limit, mut used) = (Limit { tries: 2, seconds: 10 }, Used::default());
        assert!(used.take(limit, at(100)) && used.take(limit, at(105)));
        assert!(!used.take(limit, at(109)));
        assert!(!used.take(limit, at(50)), "set back");
        assert_eq!((used.wait(limit, at(109)), used.wait(limit, at(110))), (1, 0));
        assert!(used.take(limit, at(110)) && !used.take(limit, at(114)));
        assert_eq!(used.wait(limit, at(114)), 1);
        assert!(used.take(limit, at(115)));
        assert_eq!((used.wait(limit, at(115)), used.over(limit)), (5, at(125)));
        assert_eq!(Used::default().wait(limit, at(0)), 0);
    }
}
