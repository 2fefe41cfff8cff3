//! Whether the device's clock can be trusted, and by how much it is off.

use super::counter::{Counter, STEP_SECONDS};
use crate::UnixTime;

/// The seconds to add to the device's clock for the issuer's time, learnt whenever the issuer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ClockOffset(i64);

/// Codes still work at this many seconds off; beyond it the wallet should warn the shopper.
const TOLERATED_SECONDS: u64 = 15;

/// The state of the device's clock, for a warning to the shopper. It never blocks: codes are still shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockStatus {
    /// No fault of the clock is known.
    Fine,
    /// The device's clock is this many seconds ahead of the issuer's. Codes are made by the issuer's.
    Ahead(u64),
    /// The device's clock is this many seconds behind the issuer's. Codes are made by the issuer's.
    Behind(u64),
    /// A code was already shown this many seconds later than now: the clock has been set back, or was ahead then.
    SetBack(u64),
}

impl ClockOffset {
    /// Computes it from the issuer's time in an answer and the device's at that moment.
    #[must_use]
    pub fn learn(issuer: UnixTime, device: UnixTime) -> Self {
        Self(issuer.seconds().cast_signed() - device.seconds().cast_signed())
    }

    /// Takes seconds as they were stored.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds to add to the device's clock.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// The issuer's time, as well as it is known, when the device's clock says `device`.
    ///
    /// An offset learnt while the clock was wrong makes it wrong again once the clock is set right. It is detected
    /// when the offset leads back before a code already shown and the clock itself does not: then the clock is taken.
    #[must_use]
    pub fn corrected(self, device: UnixTime, last: Option<Counter>) -> UnixTime {
        let corrected = device.shifted(self.0);
        let set_back = |now| last.is_some_and(|last| last.is_far_ahead(now));
        if set_back(corrected) && !set_back(device) { device } else { corrected }
    }

    /// The status when the device's clock says `device`, after the last counter shown.
    #[must_use]
    pub fn status(self, device: UnixTime, last: Option<Counter>) -> ClockStatus {
        let now = self.corrected(device, last);
        let off = now.seconds().abs_diff(device.seconds());
        let shown_at = last.map_or(0, |last| last.step().starts_at());
        if shown_at > now.seconds() + STEP_SECONDS {
            ClockStatus::SetBack(shown_at - now.seconds())
        } else if off <= TOLERATED_SECONDS {
            ClockStatus::Fine
        } else if now < device {
            ClockStatus::Ahead(off)
        } else {
            ClockStatus::Behind(off)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::new(seconds).unwrap()
    }

    #[test]
    fn an_offset_is_learnt_and_applied() {
        let offset = ClockOffset::learn(at(5000), at(4400));
        assert_eq!(offset.corrected(at(4410), None), at(5010));
        assert_eq!(offset.status(at(4410), None), ClockStatus::Behind(600));
        let offset = ClockOffset::learn(at(4400), at(5000));
        assert_eq!(offset.status(at(5000), None), ClockStatus::Ahead(600));
        assert_eq!(
            ClockOffset::learn(at(4400), at(4415)).status(at(5000), None),
            ClockStatus::Fine
        );
    }

    #[test]
    fn a_clock_set_back_shows_in_the_last_counter() {
        let last = |step: u64| Some(Counter::from_number(step * 10).unwrap());
        let status = |now, step| ClockOffset::default().status(at(now), last(step));
        assert_eq!(status(3000, 100), ClockStatus::Fine);
        assert_eq!(status(3000, 101), ClockStatus::Fine);
        assert_eq!(status(3000, 102), ClockStatus::SetBack(60));
        assert_eq!(status(3000, 1100), ClockStatus::SetBack(30_000));
    }

    #[test]
    fn an_outdated_offset_is_ignored() {
        let last = Counter::from_number(1000).ok();
        // Ten minutes ahead when it was learnt, set right since.
        let offset = ClockOffset::from_seconds(-600);
        assert_eq!(offset.corrected(at(3600), last), at(3000));
        assert_eq!(offset.corrected(at(3020), last), at(3020));
        assert_eq!(offset.status(at(3020), last), ClockStatus::Fine);
    }

    #[test]
    fn offsets_at_the_ends_do_not_overflow() {
        let offset = ClockOffset::learn(UnixTime::MAX, UnixTime::EPOCH);
        assert_eq!(offset.corrected(UnixTime::MAX, None), UnixTime::MAX);
        // At the ends the clock cannot be shifted further, so there it is taken as it is.
        for seconds in [i64::MIN, i64::MAX] {
            let offset = ClockOffset::from_seconds(seconds);
            assert_eq!(offset.status(at(5), None) == ClockStatus::Fine, seconds < 0);
        }
    }
}
