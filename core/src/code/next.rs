//! The phone's rules for its counter: which code comes next, or how long to wait for it.

use super::counter::{Counter, STEP_SECONDS, Slot, SlotIndex, Step};
use super::derive::{Audience, CodeSlot};
use crate::UnixTime;

/// The slot of the next code, or the wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextSlot {
    /// The code of this slot, once its counter is stored.
    Show(CodeSlot),
    /// All slots of this kind are used up: wait so many seconds, 1 to 90.
    Wait(u64),
}

/// Chooses the next slot at `now`, after the last counter shown.
///
/// No counter is used twice. A stored counter more than two steps ahead is ignored: the clock was wrong then. One
/// up to two steps ahead is kept, since the issuer may have seen it: a step ahead is shown at once (an issuer
/// accepts the step after its own), from further ahead the wallet waits.
#[must_use]
pub fn next_slot(now: UnixTime, last: Option<Counter>, audience: Audience) -> NextSlot {
    let here = Step::at(now);
    let last = last.filter(|last| !last.is_far_ahead(now));
    let step = last.map_or(here, |last| last.step().max(here));
    let (slot, shown_from) = if let Some(index) = index_after(step, last, &audience) {
        // The issuer accepts the step after its own, so that one may be shown early.
        (CodeSlot { step, index, audience }, step.starts_at().saturating_sub(STEP_SECONDS))
    } else {
        let step = step.later(1);
        (CodeSlot { step, index: SlotIndex::FIRST, audience }, step.starts_at())
    };
    match shown_from.saturating_sub(now.seconds()) {
        0 => NextSlot::Show(slot),
        seconds => NextSlot::Wait(seconds),
    }
}

/// The first of the five in `step` whose counter is above the last one shown.
fn index_after(step: Step, last: Option<Counter>, audience: &Audience) -> Option<SlotIndex> {
    let Some(last) = last.filter(|last| last.step() == step) else {
        return Some(SlotIndex::FIRST);
    };
    match (last.slot(), audience) {
        (Slot::AnyTill(shown), Audience::AnyTill)
        | (Slot::OneTill(shown), Audience::OneTill(_)) => SlotIndex::new(shown.get() + 1),
        (Slot::AnyTill(_), Audience::OneTill(_)) => Some(SlotIndex::FIRST),
        // A code for one till has put those for any till behind it.
        (Slot::OneTill(_), Audience::AnyTill) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::new(seconds).unwrap()
    }

    fn counter(step: u64, digit: u64) -> Option<Counter> {
        Counter::from_number(step * 10 + digit).ok()
    }

    fn shown(next: &NextSlot) -> u64 {
        match next {
            NextSlot::Show(slot) => slot.counter().number(),
            NextSlot::Wait(seconds) => panic!("told to wait {seconds} s"),
        }
    }

    fn one_till() -> Audience {
        Audience::OneTill("A".parse().unwrap())
    }

    #[test]
    fn five_codes_a_step_then_a_wait() {
        let mut last = None;
        for n in 0..5 {
            let next = next_slot(at(3007), last, Audience::AnyTill);
            assert_eq!(shown(&next), 1000 + n);
            last = counter(100, n);
        }
        assert_eq!(next_slot(at(3007), last, Audience::AnyTill), NextSlot::Wait(23));
        assert_eq!(next_slot(at(3029), last, Audience::AnyTill), NextSlot::Wait(1));
        assert_eq!(shown(&next_slot(at(3030), last, Audience::AnyTill)), 1010);
    }

    #[test]
    fn a_till_bound_code_ends_the_any_till_codes_of_its_step() {
        assert_eq!(shown(&next_slot(at(3000), counter(100, 2), one_till())), 1005);
        assert_eq!(next_slot(at(3000), counter(100, 5), Audience::AnyTill), NextSlot::Wait(30));
        assert_eq!(shown(&next_slot(at(3000), counter(100, 5), one_till())), 1006);
        assert_eq!(next_slot(at(3000), counter(100, 9), one_till()), NextSlot::Wait(30));
    }

    #[test]
    fn a_clock_set_back_a_little_goes_on_where_it_was() {
        // One step ahead: shown at once, since the issuer accepts the step after its own.
        assert_eq!(shown(&next_slot(at(3000), counter(101, 0), Audience::AnyTill)), 1011);
        // Used up: that step has to pass.
        assert_eq!(next_slot(at(3000), counter(101, 4), Audience::AnyTill), NextSlot::Wait(60));
        // Two steps ahead: wait until it is one ahead.
        assert_eq!(next_slot(at(3000), counter(102, 0), Audience::AnyTill), NextSlot::Wait(30));
        assert_eq!(next_slot(at(3000), counter(102, 4), Audience::AnyTill), NextSlot::Wait(90));
    }

    #[test]
    fn a_counter_far_ahead_is_ignored() {
        assert_eq!(shown(&next_slot(at(3000), counter(103, 0), Audience::AnyTill)), 1000);
    }

    #[test]
    fn the_first_and_last_second_work() {
        assert_eq!(shown(&next_slot(UnixTime::EPOCH, None, Audience::AnyTill)), 0);
        assert_eq!(shown(&next_slot(UnixTime::EPOCH, counter(1, 0), Audience::AnyTill)), 11);
        let end = UnixTime::MAX;
        let last = Some(Counter::new(Step::at(end), Slot::from_digit(4).unwrap()));
        assert_eq!(next_slot(end, last, Audience::AnyTill), NextSlot::Wait(1));
    }

    proptest! {
        #[test]
        fn counters_never_repeat_and_waits_stay_short(
            start in 0u64..4_000_000_000,
            moves in proptest::collection::vec((-59i64..120, any::<bool>()), 1..60),
        ) {
            let mut now = at(start);
            let mut last = None::<Counter>;
            for (seconds, bound) in moves {
                now = now.shifted(seconds);
                let audience = if bound { one_till() } else { Audience::AnyTill };
                let again = audience.clone();
                match next_slot(now, last, audience) {
                    NextSlot::Show(slot) => {
                        let far_ahead = last.is_some_and(|l| l.is_far_ahead(now));
                        prop_assert!(far_ahead || last.is_none_or(|l| slot.counter() > l));
                        let step = Step::at(now);
                        prop_assert!(slot.step == step || slot.step == step.later(1));
                        last = Some(slot.counter());
                    }
                    NextSlot::Wait(seconds) => {
                        prop_assert!((1..=90).contains(&seconds));
                        let then = now.shifted(seconds.try_into().unwrap());
                        prop_assert!(matches!(next_slot(then, last, again), NextSlot::Show(_)));
                    }
                }
            }
        }
    }
}
