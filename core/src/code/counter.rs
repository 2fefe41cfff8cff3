//! Step, slot and the counter they make: the one integer that only grows.

use std::fmt;

use crate::UnixTime;

/// Length of a step in seconds.
pub const STEP_SECONDS: u64 = 30;

const SLOTS: u64 = 10;

/// A 30-second step: seconds since the epoch divided by 30.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(u64);

impl Step {
    /// The step a moment lies in.
    #[must_use]
    pub fn at(time: UnixTime) -> Self {
        Self(time.seconds() / STEP_SECONDS)
    }

    /// The number of the step since the epoch.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// Its first second since the epoch.
    #[must_use]
    pub fn starts_at(self) -> u64 {
        self.0 * STEP_SECONDS
    }

    /// The step `n` later. Times end with the year 9999, so this does not overflow for the small `n` in use here.
    #[must_use]
    pub fn later(self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }

    /// The steps an issuer accepts at this one: the one before (none at zero), this one and the one after.
    #[must_use]
    pub fn acceptance_window(self) -> [Option<Self>; 3] {
        [self.0.checked_sub(1).map(Self), Some(self), Some(self.later(1))]
    }
}

/// The index of a code among the five of its kind in one step: 0 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotIndex(u8);

impl SlotIndex {
    /// The first of the five.
    pub const FIRST: Self = Self(0);
    /// The last of the five.
    pub const LAST: Self = Self(4);

    /// Takes 0 to 4; anything else is `None`.
    #[must_use]
    pub const fn new(n: u8) -> Option<Self> {
        if n <= Self::LAST.0 { Some(Self(n)) } else { None }
    }

    /// The index as a number, 0 to 4.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// The slot of a code among the ten of its step: 0 to 4 are for any till, 5 to 9 for one till.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// Slots 0 to 4, for any till.
    AnyTill(SlotIndex),
    /// Slots 5 to 9, for one till.
    OneTill(SlotIndex),
}

/// The number is not a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a slot is 0 to 4 (any till) or 5 to 9 (one till), not {0}")]
pub struct InvalidSlot(pub u64);

impl Slot {
    /// Takes the digit of the code.
    ///
    /// # Errors
    /// [`InvalidSlot`] above 9.
    pub fn from_digit(digit: u64) -> Result<Self, InvalidSlot> {
        match u8::try_from(digit) {
            Ok(d @ 0..=4) => Ok(Self::AnyTill(SlotIndex(d))),
            Ok(d @ 5..=9) => Ok(Self::OneTill(SlotIndex(d - 5))),
            _ => Err(InvalidSlot(digit)),
        }
    }

    /// The digit in the code, 0 to 9.
    #[must_use]
    pub const fn digit(self) -> u8 {
        match self {
            Self::AnyTill(n) => n.0,
            Self::OneTill(n) => n.0 + 5,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digit().fmt(f)
    }
}

/// `step * 10 + slot`: the moving counter of RFC 6238 for a period of three seconds. An issuer accepts a code only
/// if its counter is greater than the last one accepted for that credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter(u64);

/// The number is not a counter that any step up to the year 9999 has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a counter: it lies after the end of the year 9999")]
pub struct InvalidCounter(pub u64);

impl Counter {
    /// The counter of a slot in a step.
    #[must_use]
    pub fn new(step: Step, slot: Slot) -> Self {
        Self(step.0 * SLOTS + u64::from(slot.digit()))
    }

    /// Takes a number that was stored. A phone whose clock stood at the very end of time may have stored one step
    /// more than the last.
    ///
    /// # Errors
    /// [`InvalidCounter`] after the year 9999.
    pub fn from_number(number: u64) -> Result<Self, InvalidCounter> {
        let last = Step::at(UnixTime::MAX).later(1);
        if number / SLOTS > last.0 { Err(InvalidCounter(number)) } else { Ok(Self(number)) }
    }

    /// The number itself, as an issuer stores it.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// The step it lies in.
    #[must_use]
    pub fn step(self) -> Step {
        Step(self.0 / SLOTS)
    }

    /// Whether it lies further after `now` than small corrections of a clock explain: more than two steps. A phone
    /// that stored such a counter had a wrong clock then, or has one now.
    #[must_use]
    pub fn is_far_ahead(self, now: UnixTime) -> bool {
        self.step() > Step::at(now).later(2)
    }

    /// The slot within its step.
    #[must_use]
    pub fn slot(self) -> Slot {
        let digit = (self.0 % SLOTS) as u8;
        if digit < 5 {
            Slot::AnyTill(SlotIndex(digit))
        } else {
            Slot::OneTill(SlotIndex(digit - 5))
        }
    }

    /// The moment whose TOTP value this counter stands for: `step * 30 + slot * 3`, in seconds since the epoch.
    #[must_use]
    pub fn totp_time(self) -> u64 {
        self.0 * 3
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slots_are_one_digit() {
        assert_eq!(Slot::from_digit(10), Err(InvalidSlot(10)));
        assert_eq!(Slot::from_digit(u64::MAX), Err(InvalidSlot(u64::MAX)));
        assert_eq!(Slot::from_digit(4), Ok(Slot::AnyTill(SlotIndex::LAST)));
        assert_eq!(Slot::from_digit(5), Ok(Slot::OneTill(SlotIndex::FIRST)));
    }

    #[test]
    fn the_first_step_has_no_predecessor() {
        assert_eq!(
            Step::at(UnixTime::EPOCH).acceptance_window(),
            [None, Some(Step(0)), Some(Step(1))]
        );
    }

    #[test]
    fn stored_counters_end_with_the_year_9999() {
        let last = Counter::new(Step::at(UnixTime::MAX).later(1), Slot::from_digit(9).unwrap());
        assert_eq!(Counter::from_number(last.number()), Ok(last));
        assert_eq!(Counter::from_number(last.number() + 1), Err(InvalidCounter(last.number() + 1)));
        assert_eq!(Counter::from_number(u64::MAX), Err(InvalidCounter(u64::MAX)));
    }

    proptest! {
        #[test]
        fn a_counter_splits_into_its_step_and_slot(t in 0..=UnixTime::MAX.seconds(), d in 0u64..10) {
            let step = Step::at(UnixTime::new(t).unwrap());
            let slot = Slot::from_digit(d).unwrap();
            let counter = Counter::new(step, slot);
            prop_assert_eq!((counter.step(), counter.slot()), (step, slot));
            prop_assert_eq!(counter.totp_time(), t / 30 * 30 + d * 3);
            prop_assert_eq!(Counter::from_number(counter.number()), Ok(counter));
        }
    }
}
