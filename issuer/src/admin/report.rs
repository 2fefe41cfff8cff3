//! The report of suspicious spending: who paid how often, where, how far above what is usual, and what an operator can do
//! about it. Computed from the rows by counting (`Store::busiest_periods`); it changes nothing, and what it names is a question
//! to a person, not a verdict.

use tegata::UnixTime;

use crate::store::{ActivityMeasure, ActivitySubject, BusyPeriod, Store, StoreError, TimeSpan};

/// Findings of one sort at most, the worst first.
const MOST: u32 = 100;

/// From which counts on something is reported. For tills it has to be [`times_usual`](Self::times_usual) as much as usual, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Payments of one account within an hour.
    pub payments_an_hour: u64,
    /// Payments of one account over the same amount within a minute.
    pub same_amount_a_minute: u64,
    /// Accounts at one till within ten minutes.
    pub accounts_at_till: u64,
    /// Payments at one till within ten minutes.
    pub payments_at_till: u64,
    /// Codes that fitted nobody, at one till on one day of UTC.
    pub wrong_codes: u64,
    /// How many times what is usual.
    pub times_usual: u64,
}

impl Thresholds {
    /// The defaults. Three payments of one amount within a minute is what the thieves of 2019 made.
    pub const USUAL: Self = Self {
        payments_an_hour: 8,
        same_amount_a_minute: 3,
        accounts_at_till: 15,
        payments_at_till: 20,
        wrong_codes: 20,
        times_usual: 3,
    };
}

/// The kinds of suspicion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suspicion {
    /// An account pays the same amount again and again.
    SameAmount,
    /// An account pays often.
    OftenPaid,
    /// Many accounts pay at one till.
    ManyAccounts,
    /// Much is paid at one till.
    BusyTill,
    /// A till sends codes that fit nobody.
    WrongCodes,
}

impl Suspicion {
    /// Names it as JSON documents do.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SameAmount => "same_amount",
            Self::OftenPaid => "often_paid",
            Self::ManyAccounts => "many_accounts",
            Self::BusyTill => "busy_till",
            Self::WrongCodes => "wrong_codes",
        }
    }

    /// What is counted, within how many seconds; wrong codes are counted by days, elsewhere.
    const fn counted(self) -> Option<(ActivityMeasure, u64)> {
        match self {
            Self::SameAmount => Some((ActivityMeasure::AccountSameAmount, 60)),
            Self::OftenPaid => Some((ActivityMeasure::AccountPayments, 60 * 60)),
            Self::ManyAccounts => Some((ActivityMeasure::TillAccounts, 10 * 60)),
            Self::BusyTill => Some((ActivityMeasure::TillPayments, 10 * 60)),
            Self::WrongCodes => None,
        }
    }
}

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuspiciousActivity {
    /// The kind of suspicion.
    pub what: Suspicion,
    /// The account or the till that it is about.
    pub who: ActivitySubject,
    /// How many payments, accounts or wrong codes were counted.
    pub count: u64,
    /// How many are usual: the median of all accounts, or of all tills, that paid, or sent wrong codes, at all.
    pub usual: u64,
    /// How much was asked for, in minor units; 0 for wrong codes.
    pub amount: u64,
    /// The first of them; of wrong codes, when that day began.
    pub first: UnixTime,
    /// The last; of wrong codes as the first.
    pub last: UnixTime,
}

impl SuspiciousActivity {
    /// Gives the command that stops it, without the reason.
    #[must_use]
    pub fn command(&self) -> String {
        match &self.who {
            ActivitySubject::Account(account) => format!("tegata issuer freeze {account}"),
            ActivitySubject::Till(till) => format!("tegata issuer till revoke {till}"),
        }
    }

    /// Tells it in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { who, count, usual, amount, .. } = self;
        let who = match who {
            ActivitySubject::Account(account) => format!("account {account}"),
            ActivitySubject::Till(till) => format!("till {till}"),
        };
        match self.what {
            Suspicion::SameAmount => {
                let each = amount / (*count).max(1);
                format!("{who} paid {each} {count} times within two minutes (usual: {usual})")
            }
            Suspicion::OftenPaid => format!(
                "{who} paid {count} times within two hours, {amount} in all (usual: {usual})"
            ),
            Suspicion::ManyAccounts => format!(
                "{count} accounts paid at {who} within twenty minutes, {amount} in all (usual: {usual})"
            ),
            Suspicion::BusyTill => format!(
                "{count} payments at {who} within twenty minutes, {amount} in all (usual: {usual})"
            ),
            Suspicion::WrongCodes => format!(
                "{who} sent {count} invalid codes on one day (usual, of tills with any: {usual})"
            ),
        }
    }
}

/// Finds all that is above the thresholds, the worst of each kind first.
///
/// # Errors
/// Those of the database.
pub async fn make(
    store: &Store,
    span: TimeSpan,
    thresholds: &Thresholds,
) -> Result<Vec<SuspiciousActivity>, StoreError> {
    let mut findings = Vec::new();
    let rules = [
        (Suspicion::SameAmount, thresholds.same_amount_a_minute, 0),
        (Suspicion::OftenPaid, thresholds.payments_an_hour, 0),
        (Suspicion::ManyAccounts, thresholds.accounts_at_till, thresholds.times_usual),
        (Suspicion::BusyTill, thresholds.payments_at_till, thresholds.times_usual),
    ];
    for (what, least, times) in rules {
        let Some((counted, seconds)) = what.counted() else { continue };
        let usual = store.median_activity(counted, span, seconds).await?;
        let least = least.max(usual.saturating_mul(times));
        let busiest = store.busiest_periods(counted, span, seconds, least, MOST).await?;
        let finding = |BusyPeriod { subject, count, amount, first, last }| SuspiciousActivity {
            what,
            who: subject,
            count,
            usual,
            amount,
            first,
            last,
        };
        findings.extend(busiest.into_iter().map(finding));
    }
    // Many accounts at a till are many payments, too: reported once.
    let reported: Vec<ActivitySubject> = findings
        .iter()
        .filter(|f| f.what == Suspicion::ManyAccounts)
        .map(|f| f.who.clone())
        .collect();
    findings.retain(|f| f.what != Suspicion::BusyTill || !reported.contains(&f.who));
    let (wrong, usual) = store.wrong_codes(span, thresholds.wrong_codes, MOST).await?;
    let least = usual.saturating_mul(thresholds.times_usual);
    findings.extend(wrong.into_iter().filter(|wrong| wrong.count >= least).map(|wrong| {
        SuspiciousActivity {
            what: Suspicion::WrongCodes,
            who: ActivitySubject::Till(wrong.till),
            count: wrong.count,
            usual,
            amount: 0,
            first: wrong.day,
            last: wrong.day,
        }
    }));
    Ok(findings)
}
