//! A calendar month of UTC, by which rows whose ids begin with a time are kept together.

use tegata::UnixTime;
use time::{Date, Month as MonthOfYear, OffsetDateTime};

use super::ids::{AuthorisationId, EventId, first_of};
use super::newtype::InvalidField;

/// A calendar month of UTC. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: u16,
    /// 1 to 12.
    month: u8,
}

impl Month {
    /// Gives the month that this moment is in.
    #[must_use]
    pub fn of(moment: UnixTime) -> Self {
        let seconds = i64::try_from(moment.seconds()).unwrap_or(i64::MAX);
        // The last that is known is in the year 9999.
        let at = OffsetDateTime::from_unix_timestamp(seconds);
        let date = at.map_or(Date::MAX, OffsetDateTime::date);
        Self { year: date.year().try_into().unwrap_or_default(), month: date.month().into() }
    }

    /// Gives the month of a payment, whose id begins with its time.
    #[must_use]
    pub fn of_payment(payment: AuthorisationId) -> Option<Self> {
        payment.created().map(Self::of)
    }

    /// Gives the month after it.
    #[must_use]
    pub fn next(self) -> Self {
        match self.month {
            12 => Self { year: self.year.saturating_add(1), month: 1 },
            month => Self { month: month + 1, ..self },
        }
    }

    /// Gives its first second.
    #[must_use]
    pub fn start(self) -> UnixTime {
        let month = MonthOfYear::try_from(self.month).unwrap_or(MonthOfYear::January);
        let date = Date::from_calendar_date(self.year.into(), month, 1);
        let seconds = date.map_or(0, |date| date.midnight().assume_utc().unix_timestamp());
        UnixTime::new(seconds.try_into().unwrap_or_default()).unwrap_or(UnixTime::MAX)
    }

    /// Gives the first second after it.
    #[must_use]
    pub fn end(self) -> UnixTime {
        self.next().start()
    }

    /// Gives the ids that it begins and ends before: payments and events of it are between them.
    pub(crate) fn ids(self) -> [[u8; 16]; 2] {
        [first_of(self.start()), first_of(self.end())]
    }

    /// Says whether an event is in it: an event of a payment has the payment's time in its id.
    pub(crate) fn contains(self, event: EventId) -> bool {
        let [first, end] = self.ids();
        first <= event.0 && event.0 < end
    }

    /// Writes it as part of a table's name.
    pub(crate) fn table_suffix(self) -> String {
        format!("{:04}_{:02}", self.year, self.month)
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl std::str::FromStr for Month {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let expected = InvalidField("a month, such as 2026-11");
        let (year, month) = text.split_once('-').ok_or(expected)?;
        let is_number = |text: &str, digits| {
            text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_number(year, 4) || !is_number(month, 2) {
            return Err(expected);
        }
        let year = year.parse().map_err(|_| expected)?;
        match month.parse() {
            Ok(month @ 1..=12) if year >= 1970 => Ok(Self { year, month }),
            _ => Err(expected),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_seconds_and_the_ids_made_in_them() {
        let month: Month = "2026-12".parse().unwrap();
        // 2026-12-01 and 2027-01-01, 00:00 UTC.
        let [start, end] = [1_796_083_200, 1_798_761_600].map(|at| UnixTime::new(at).unwrap());
        assert_eq!((month.start(), month.end()), (start, end));
        assert_eq!([start, end.shifted(-1)].map(Month::of), [month; 2]);
        assert_eq!(Month::of(end), month.next());
        assert_eq!(month.next().to_string(), "2027-01");
        let event = |at| EventId(first_of(at));
        assert!(month.contains(event(start)) && month.contains(event(end.shifted(-1))));
        assert!(!month.contains(event(start.shifted(-1))) && !month.contains(event(end)));
        assert_eq!(Month::of(UnixTime::MAX).to_string(), "9999-12");
    }

    #[test]
    fn only_a_year_and_a_month_are_one() {
        for text in ["2026", "2026-13", "2026-00", "2026-1", "26-01", "2026-01-01", "+026-01", ""] {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
    }
}
