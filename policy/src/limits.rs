//! Lifetimes and rate limits of accounts, each number in one place.

use serde::{Deserialize, Serialize};
use tegata::UnixTime;

/// A rate limit: attempts within a sliding window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptLimit {
    /// The most attempts within the window.
    pub tries: usize,
    /// The window's length in seconds.
    pub seconds: u64,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Length of a time step of the second factor in seconds (RFC 6238, section 5.2).
pub const FACTOR_STEP: u64 = 30;
/// Seconds for which a mailed code is accepted, from the request on.
pub const MAILED_CODE_LIFE: u64 = 15 * MINUTE;
/// Seconds that a mailed code has to have left when its mail is sent.
pub const MAILED_CODE_LEFT: u64 = 10 * MINUTE;
/// How often a mailed code is compared at most.
pub const MAILED_CODE_TRIES: u8 = 5;
/// Seconds for which a verified reset waits for the new password.
pub const VERIFIED_LIFE: u64 = 10 * MINUTE;
/// Seconds for which a password or a second factor counts as recently verified.
pub const FRESH: u64 = 5 * MINUTE;
/// Seconds for which a change of address, factor or recovery codes can be reverted.
pub const REVERT_WINDOW: u64 = 7 * DAY;
/// How many changes are accepted within that window.
pub const CHANGES: usize = 10;
/// How many codes the notices of these changes have at most: each notice goes to the address as it was and, with a code
/// of its own, to the one in use.
pub const NOTICES: usize = 2 * CHANGES;
/// Seconds for which a scheduled deletion can be cancelled.
pub const DELETION_GRACE: u64 = 7 * DAY;
/// Seconds for which lower caps apply after a new device, a new payment credential, a recovery code or a reset.
pub const LOW_CAPS: u64 = DAY;
/// Seconds for which a new payment credential waits if another device paid within [`CREDENTIAL_IN_USE`] and does not
/// confirm it.
pub const CREDENTIAL_WAITS: u64 = DAY;
/// Seconds after its last code for which a credential is in use.
pub const CREDENTIAL_IN_USE: u64 = 7 * DAY;
/// Seconds after which an unused session ends.
pub const SESSION_IDLE: u64 = 30 * DAY;
/// Seconds after which an unused session takes no request by its token alone: the device's signature renews it.
pub const TOKEN_IDLE: u64 = HOUR;
/// Seconds after the device's last signature for which a session takes requests by its token alone.
pub const TOKEN_LIFE: u64 = DAY;
/// Seconds after which any session ends.
pub const SESSION_LIFE: u64 = 90 * DAY;
/// Seconds after its last second factor for which a device logs in with the password alone.
pub const DEVICE_KNOWN: u64 = 90 * DAY;
/// Seconds for which the other devices are shown that one is new.
pub const NEW_DEVICE_SHOWN: u64 = 7 * DAY;
/// Seconds within which the owner is mailed about log-ins on one known device once.
pub const LOG_IN_MAIL: u64 = DAY;
/// How many devices an account knows; a new one replaces the least recently used.
pub const DEVICES: usize = 10;
/// How many sessions an account has; a new one replaces the oldest.
pub const SESSIONS: usize = 20;
/// How many recovery codes are generated at once.
pub const RECOVERY_CODES: u32 = 10;
/// Limits reset codes mailed at the request of one known device.
pub const CODES_KNOWN_DEVICE: AttemptLimit = AttemptLimit { tries: 5, seconds: DAY };
/// How many mailed codes of unknown devices an account has at once for each purpose; a new one replaces the oldest. More
/// than the budget of an address mails while they live.
pub const CODES_PENDING: usize = 16;
/// Limits values of the second factor compared in resets, after the mailed code matched.
pub const FACTOR_IN_RESETS: AttemptLimit = AttemptLimit { tries: 20, seconds: 7 * DAY };
/// Limits values of the second factor compared for all unknown devices together, after the password matched.
pub const FACTOR_UNKNOWN_DEVICES: AttemptLimit = AttemptLimit { tries: 20, seconds: 7 * DAY };
/// Limits values of the second factor compared with a mailed log-in code, after code and password matched: whoever knows
/// the password alone uses up the limit above, and not this one.
pub const FACTOR_WITH_MAILED_CODE: AttemptLimit = AttemptLimit { tries: 20, seconds: 7 * DAY };
/// How many wrong values of the second factor in a row, over all devices, the owner is notified of.
pub const WRONG_FACTORS_TOLD: u32 = 50;
/// How many wrong values in a row make the authenticator void: another one has to be enrolled with a recovery code, or on
/// a known device with a mailed code.
pub const WRONG_FACTORS: u32 = 100;
/// Limits passwords compared for one known device.
pub const LOGINS_KNOWN_DEVICE: AttemptLimit = AttemptLimit { tries: 10, seconds: HOUR };
/// Limits values of the second factor compared for one known device, matching ones included: an attacker with the owner's
/// unlocked phone and password gets a chance of 9 in 10^5 a week.
pub const FACTOR_KNOWN_DEVICE: AttemptLimit = AttemptLimit { tries: 30, seconds: 7 * DAY };
/// Limits values of the second factor compared to revert changes, after a notice's code matched: one budget for codes
/// mailed to the address as it was, and one for those mailed to another.
pub const FACTOR_IN_REVERTS: AttemptLimit = AttemptLimit { tries: 20, seconds: 7 * DAY };
/// Limits codes mailed to new addresses of an account.
pub const ADDRESS_CODES: AttemptLimit = AttemptLimit { tries: 5, seconds: DAY };

/// Limits attempts to add a card: what is begun, and each attempt that the processor saw fail.
pub const CARD_ATTEMPTS: AttemptLimit = AttemptLimit { tries: 10, seconds: DAY };
/// Seconds for which the holder of a card can register it at the processor, and have it added.
pub const CARD_SETUP_LIFE: u64 = 15 * MINUTE;
/// How many attempts of one registration may fail before it is cancelled.
pub const CARD_SETUP_FAILURES: u32 = 3;
/// Seconds for which payments are charged to a new card under lower caps.
pub const NEW_CARD_LOW_CAPS: u64 = 72 * HOUR;
/// How many accounts one card belongs to at most.
pub const CARD_ACCOUNTS: usize = 2;

/// The times of recent attempts, counted against an [`AttemptLimit`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecentAttempts(Vec<UnixTime>);

impl RecentAttempts {
    /// Seconds until another attempt is allowed; 0 if one is allowed now.
    #[must_use]
    pub fn wait(&self, limit: AttemptLimit, now: UnixTime) -> u64 {
        let first = self.0.iter().min().copied().filter(|_| self.0.len() >= limit.tries);
        first.map_or(0, |at| later(at, limit.seconds).seconds().saturating_sub(now.seconds()))
    }

    /// When the last recorded attempt leaves the window.
    #[must_use]
    pub fn expires_at(&self, limit: AttemptLimit) -> UnixTime {
        let last = self.0.iter().max().copied().unwrap_or(UnixTime::EPOCH);
        later(last, limit.seconds)
    }

    /// Whether no attempt is recorded.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Records an attempt; `false` when none is left. Setting the clock back restores none.
    #[must_use]
    pub fn take(&mut self, limit: AttemptLimit, now: UnixTime) -> bool {
        self.0.retain(|at| within(*at, limit.seconds, now));
        let left = self.0.len() < limit.tries;
        if left {
            self.0.push(now);
        }
        left
    }

    /// Records an attempt, or says how long to wait.
    ///
    /// # Errors
    /// The seconds until an attempt is allowed, at least one.
    pub fn take_or_wait(&mut self, limit: AttemptLimit, now: UnixTime) -> Result<(), u64> {
        if self.take(limit, now) { Ok(()) } else { Err(self.wait(limit, now)) }
    }
}

/// Whether `now` is less than `seconds` after `since`. A `since` in the future counts as now.
pub(super) fn within(since: UnixTime, seconds: u64, now: UnixTime) -> bool {
    now.seconds().saturating_sub(since.seconds()) < seconds
}

/// The time `seconds` after `now`.
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
    fn attempts_return_one_by_one_despite_a_clock_set_back() {
        let limit = AttemptLimit { tries: 2, seconds: 10 };
        let mut used = RecentAttempts::default();
        assert!(used.take(limit, at(100)) && used.take(limit, at(105)));
        assert!(!used.take(limit, at(109)));
        assert!(!used.take(limit, at(50)), "set back");
        assert_eq!((used.wait(limit, at(109)), used.wait(limit, at(110))), (1, 0));
        assert!(used.take(limit, at(110)) && !used.take(limit, at(114)));
        assert_eq!(used.wait(limit, at(114)), 1);
        assert!(used.take(limit, at(115)));
        assert_eq!((used.wait(limit, at(115)), used.expires_at(limit)), (5, at(125)));
        assert_eq!(RecentAttempts::default().wait(limit, at(0)), 0);
    }
}
