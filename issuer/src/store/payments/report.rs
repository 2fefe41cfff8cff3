//! Unusual activity: much that was paid in a short time, and what is usual. Each is one statement over the payments of
//! a span, grouped by subject and time; the database counts, and few rows come back. What was declined, or voided before
//! any money moved, was not paid.
//!
//! Time is cut into slots twice as wide as the time that is asked about, once from its beginning and once from half a
//! slot later: what lies within that time lies whole in one of them. Up to twice as long may lie there, too.

use tegata::UnixTime;
use tegata::code::TillId;

use super::super::Store;
use super::super::error::StoreError;
use super::super::sql::{Row, values};
use super::attempts::{DAY, till_of_subject};
use crate::domain::{AccountId, first_of};

/// What a report counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivityMeasure {
    /// Counts the payments of an account.
    AccountPayments,
    /// Counts the payments of an account that have one amount.
    AccountSameAmount,
    /// Counts the payments at a till.
    TillPayments,
    /// Counts the accounts that paid at a till.
    TillAccounts,
}

/// A span of time; the end is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSpan {
    /// The first moment of the span.
    pub since: UnixTime,
    /// The first moment after the span.
    pub until: UnixTime,
}

/// The account or till that a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ActivitySubject {
    /// An account that paid.
    Account(AccountId),
    /// A till that was paid at.
    Till(TillId),
}

/// The busiest period of an account or a till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusyPeriod {
    /// The account or till.
    pub subject: ActivitySubject,
    /// The number of what is counted.
    pub count: u64,
    /// The sum of their amounts, in minor units.
    pub amount: u64,
    /// When the first was made.
    pub first: UnixTime,
    /// When the last was made.
    pub last: UnixTime,
}

/// The wrong codes of a till on one day of UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongCodeCount {
    /// The till that sent them.
    pub till: TillId,
    /// The first moment of that day.
    pub day: UnixTime,
    /// The number of wrong codes.
    pub count: u64,
}

macro_rules! busiest {
    ($who:literal, $by:literal, $count:literal) => {
        concat!(
            "SELECT ",
            $who,
            ", ",
            $count,
            " AS n, CAST(SUM(amount) AS BIGINT) AS spent, MIN(made), \
             MAX(made), (made + $1) / $2 AS slot FROM authorisations \
             WHERE authorisation >= $3 AND authorisation < $4 \
             AND state NOT IN ('declined', 'voided') GROUP BY ",
            $by,
            ", slot \
             HAVING ",
            $count,
            " >= $5 ORDER BY n DESC, spent DESC LIMIT $6"
        )
    };
}

macro_rules! usual {
    ($by:literal, $count:literal) => {
        concat!(
            "SELECT n, COUNT(*) FROM (SELECT ",
            $count,
            " AS n, made / $1 AS slot FROM authorisations \
             WHERE authorisation >= $2 AND authorisation < $3 \
             AND state NOT IN ('declined', 'voided') GROUP BY ",
            $by,
            ", slot) AS counted \
             GROUP BY n ORDER BY n"
        )
    };
}

impl ActivityMeasure {
    const fn busiest(self) -> &'static str {
        match self {
            Self::AccountPayments => busiest!("account", "account", "COUNT(*)"),
            Self::AccountSameAmount => busiest!("account", "account, amount", "COUNT(*)"),
            Self::TillPayments => busiest!("till", "till", "COUNT(*)"),
            Self::TillAccounts => busiest!("till", "till", "COUNT(DISTINCT account)"),
        }
    }

    const fn usual(self) -> &'static str {
        match self {
            Self::AccountPayments => usual!("account", "COUNT(*)"),
            Self::AccountSameAmount => usual!("account, amount", "COUNT(*)"),
            Self::TillPayments => usual!("till", "COUNT(*)"),
            Self::TillAccounts => usual!("till", "COUNT(DISTINCT account)"),
        }
    }

    fn subject(self, row: &mut Row) -> Result<ActivitySubject, StoreError> {
        Ok(match self {
            Self::AccountPayments | Self::AccountSameAmount => {
                ActivitySubject::Account(AccountId(row.array()?))
            }
            Self::TillPayments | Self::TillAccounts => {
                let till = row.text()?.parse();
                ActivitySubject::Till(till.map_err(|_| StoreError::Unreadable("authorisations"))?)
            }
        })
    }
}

impl Store {
    /// Finds up to `n` accounts or tills with at least `least` within so many seconds, each with its busiest slot, the
    /// highest count first.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn busiest_periods(
        &self,
        measure: ActivityMeasure,
        span: TimeSpan,
        seconds: u64,
        least: u64,
        n: u32,
    ) -> Result<Vec<BusyPeriod>, StoreError> {
        let from = first_of(span.since);
        let to = first_of(span.until);
        let mut busiest: Vec<BusyPeriod> = Vec::new();
        for shift in [0, seconds] {
            let values = values![shift, seconds * 2, from, to, least, n];
            for row in self.database.scan(measure.busiest(), values).await? {
                busiest.push(read(measure, row)?);
            }
        }
        busiest.sort_by_key(|busy| std::cmp::Reverse((busy.count, busy.amount)));
        let mut seen = std::collections::HashSet::new();
        busiest.retain(|busy| seen.insert(busy.subject.clone()));
        busiest.truncate(n.try_into().unwrap_or(usize::MAX));
        Ok(busiest)
    }

    /// Gives the median over all accounts, or all tills, of the slots in which they have any; 0 if none has.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn median_activity(
        &self,
        measure: ActivityMeasure,
        span: TimeSpan,
        seconds: u64,
    ) -> Result<u64, StoreError> {
        let values = values![seconds * 2, first_of(span.since), first_of(span.until)];
        median(self.database.scan(measure.usual(), values).await?)
    }

    /// Finds up to `n` tills that sent at least `least` wrong codes on one of these days of UTC, most first; gives also
    /// the median of all tills that sent any. Counts are kept for [`ATTEMPT_DAYS`](super::ATTEMPT_DAYS) days.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn wrong_codes(
        &self,
        span: TimeSpan,
        least: u64,
        n: u32,
    ) -> Result<(Vec<WrongCodeCount>, u64), StoreError> {
        // Of the three kinds of subjects those of tills begin with a t.
        const HIGHEST: &str = "SELECT subject, day, count FROM attempts WHERE day >= $1 AND day <= $2 \
            AND subject >= $3 AND subject < $4 AND count >= $5 ORDER BY count DESC LIMIT $6";
        const USUAL: &str = "SELECT count, COUNT(*) AS times FROM attempts WHERE day >= $1 AND day <= $2 \
            AND subject >= $3 AND subject < $4 GROUP BY count ORDER BY count";
        let from = span.since.seconds() / DAY;
        let to = span.until.seconds() / DAY;
        let rows = self.database.scan(HIGHEST, values![from, to, *b"t", *b"u", least, n]).await?;
        let read = |row: Row| {
            let mut row = row.of_table("attempts");
            let unreadable = StoreError::Unreadable("attempts");
            let till = till_of_subject(&row.blob()?).ok_or(unreadable.clone())?;
            let day = row.int::<u64>()?.saturating_mul(DAY);
            Ok(WrongCodeCount {
                till,
                day: UnixTime::new(day).map_err(|_| unreadable)?,
                count: row.int()?,
            })
        };
        let wrong = rows.into_iter().map(read).collect::<Result<_, StoreError>>()?;
        let usual = self.database.scan(USUAL, values![from, to, *b"t", *b"u"]).await?;
        Ok((wrong, median(usual)?))
    }
}

fn read(measure: ActivityMeasure, row: Row) -> Result<BusyPeriod, StoreError> {
    let mut row = row.of_table("authorisations");
    let unreadable = |_| StoreError::Unreadable("authorisations");
    Ok(BusyPeriod {
        subject: measure.subject(&mut row)?,
        count: row.int()?,
        amount: row.int()?,
        first: UnixTime::new(row.int()?).map_err(unreadable)?,
        last: UnixTime::new(row.int()?).map_err(unreadable)?,
    })
}

/// Gives the median of values that come with how often each occurs, the smallest first.
fn median(rows: Vec<Row>) -> Result<u64, StoreError> {
    let read = |row: Row| {
        let mut row = row.of_table("authorisations");
        Ok((row.int()?, row.int()?))
    };
    let counts: Vec<(u64, u64)> = rows.into_iter().map(read).collect::<Result<_, StoreError>>()?;
    let half = counts.iter().map(|(_, times)| times).sum::<u64>().div_ceil(2);
    let mut so_far = 0;
    let reached = counts.iter().find(|(_, times)| {
        so_far += times;
        so_far >= half
    });
    Ok(reached.map_or(0, |(value, _)| *value))
}
