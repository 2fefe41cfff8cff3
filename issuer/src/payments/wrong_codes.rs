//! Wrong codes of the whole issuer beside what is usual. Who tries codes at many tills and of many shoppers stays below the
//! limit of each; what they all see together does not.

use tegata::UnixTime;

use crate::store::{Store, StoreError};

/// So many times the usual count, and so many more, are high.
const TIMES: u64 = 3;
const MORE: u64 = 20;

/// How many codes were wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrongCodes {
    /// On this day of UTC, up to now.
    pub(crate) today: u64,
    /// On a whole day: the median of those that are kept; 0 if there is none.
    pub(crate) usual: u64,
}

impl WrongCodes {
    /// Those of a store: it reads a row for each till and day that is kept.
    pub(crate) async fn of(store: &Store, now: UnixTime) -> Result<Self, StoreError> {
        Ok(Self::among(store.wrong_codes_by_day(now).await?))
    }

    /// Of the counts of days, the last of which is today.
    fn among(mut days: Vec<u64>) -> Self {
        let today = days.pop().unwrap_or_default();
        days.sort_unstable();
        let usual = days.get(days.len() / 2).copied().unwrap_or_default();
        Self { today, usual }
    }

    /// Whether an operator has to look.
    pub(crate) fn is_high(self) -> bool {
        self.today > self.usual.saturating_mul(TIMES).saturating_add(MORE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_three_times_the_median_and_twenty_is_high() {
        for (days, is_high) in [
            (vec![], false),
            (vec![20], false),
            (vec![21], true),
            (vec![40, 41, 39, 140], false),
            (vec![40, 41, 39, 141], true),
            // One bad day before makes no other usual.
            (vec![40, 9000, 41, 39, 40, 141], true),
            (vec![0, 0, 5, 0, 21], true),
        ] {
            assert_eq!(WrongCodes::among(days.clone()).is_high(), is_high, "{days:?}");
        }
    }
}
