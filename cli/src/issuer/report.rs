//! `tegata issuer report`: unusual spending that an operator should check.

use clap::Args;
use serde_json::{Value, json};
use tegata_issuer::admin::report::{SuspiciousActivity, Thresholds};
use tegata_issuer::admin::{ATTEMPT_DAYS, ActivitySubject, VoidCount};

use super::settings::{Settings, cannot};
use crate::failure::Failure;
use crate::output::{Output, date_and_time};

const USUAL: Thresholds = Thresholds::USUAL;

/// A period before now, in seconds.
#[derive(Clone, Copy, Debug)]
struct Period(u64);

impl Period {
    fn parse(text: &str) -> Result<Self, String> {
        let unit = match text.chars().last() {
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            _ => 0,
        };
        let number = text.get(..text.len().saturating_sub(1)).and_then(|n| n.parse::<u64>().ok());
        let longest = ATTEMPT_DAYS * 86_400;
        let seconds =
            number.and_then(|n| n.checked_mul(unit)).filter(|n| (1..=longest).contains(n));
        let expected = || {
            format!("expected minutes, hours or days, as in 90m, 24h, 7d; at most {ATTEMPT_DAYS}d")
        };
        seconds.map(Self).ok_or_else(expected)
    }
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Period to look back: 90m, 24h, 7d. Invalid codes are counted by whole days in UTC.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = Period::parse)]
    since: Period,
    /// Threshold: payments of one account within an hour.
    #[arg(long, value_name = "N", default_value_t = USUAL.payments_an_hour)]
    payments_an_hour: u64,
    /// Threshold: payments of one account of the same amount within a minute.
    #[arg(long, value_name = "N", default_value_t = USUAL.same_amount_a_minute)]
    same_amount_a_minute: u64,
    /// Threshold: accounts at one till within ten minutes.
    #[arg(long, value_name = "N", default_value_t = USUAL.accounts_at_till)]
    accounts_at_till: u64,
    /// Threshold: payments at one till within ten minutes.
    #[arg(long, value_name = "N", default_value_t = USUAL.payments_at_till)]
    payments_at_till: u64,
    /// Threshold: invalid codes at one till in a day.
    #[arg(long, value_name = "N", default_value_t = USUAL.wrong_codes)]
    wrong_codes: u64,
    /// Threshold: multiple of what is usual among tills.
    #[arg(long, value_name = "N", default_value_t = USUAL.times_usual)]
    times_usual: u64,
    #[command(flatten)]
    settings: Settings,
}

impl Report {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let thresholds = Thresholds {
            payments_an_hour: self.payments_an_hour,
            same_amount_a_minute: self.same_amount_a_minute,
            accounts_at_till: self.accounts_at_till,
            payments_at_till: self.payments_at_till,
            wrong_codes: self.wrong_codes,
            times_usual: self.times_usual,
        };
        let operator = self.settings.operator()?;
        let reported =
            operator.report(self.since.0, &thresholds).map_err(cannot("make the report"))?;
        let (span, findings) = reported;
        let voids = operator.voids_at_tills(self.since.0).map_err(cannot("count the voids"))?;
        let words = match findings.as_slice() {
            [] => "nothing unusual".to_owned(),
            findings => {
                let words: Vec<_> = findings.iter().map(describe).collect();
                format!("{}\n\nEach command also requires --why.", words.join("\n"))
            }
        };
        let voided: Vec<_> = voids.iter().map(describe_voids).collect();
        let words = [words, voided.join("\n")].join(if voided.is_empty() { "" } else { "\n\n" });
        let voids: Vec<_> = voids
            .iter()
            .map(|VoidCount { by, count }| json!({ "by": by, "count": count }))
            .collect();
        let findings: Vec<_> = findings.iter().map(document).collect();
        let document = json!({
            "since": span.since, "until": span.until, "findings": findings, "voids": voids,
        });
        output.print(&words, &document)
    }
}

fn describe_voids(VoidCount { by, count }: &VoidCount) -> String {
    let payments = if *count == 1 { "payment" } else { "payments" };
    format!("{by}: {count} {payments} voided")
}

fn describe(finding: &SuspiciousActivity) -> String {
    let last = date_and_time(finding.last);
    format!("{}, last at {last}: {}", finding.sentence(), finding.command())
}

fn document(finding: &SuspiciousActivity) -> Value {
    let (account, till) = match &finding.who {
        ActivitySubject::Account(account) => (Some(account.to_string()), None),
        ActivitySubject::Till(till) => (None, Some(till.as_str())),
    };
    json!({
        "what": finding.what.name(),
        "account": account,
        "till": till,
        "count": finding.count,
        "usual": finding.usual,
        "amount": finding.amount,
        "first": finding.first,
        "last": finding.last,
        "command": finding.command(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_number_with_a_unit() {
        for (text, seconds) in [("90m", 5400), ("24h", 86_400), ("31d", 31 * 86_400)] {
            assert_eq!(Period::parse(text).unwrap().0, seconds);
        }
        for bad in ["", "h", "24", "-1h", "0h", "32d", "1w", "一h", "18446744073709551615d"] {
            assert!(Period::parse(bad).is_err(), "{bad}");
        }
    }
}
