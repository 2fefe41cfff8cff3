//! `tegata issuer reconcile`: the processor's charges, compared with the store's payments.

use clap::Args;
use serde_json::{Value, json};
use tegata::UnixTime;
use tegata_issuer::admin::SettledFinding;
use tegata_issuer::admin::{Comparison, Finding, Operator, Reason, Remedy};

use super::settings::{ReasonArgs, Settings, cannot};
use super::since;
use crate::failure::Failure;
use crate::output::{Output, date_and_time};

#[derive(Debug, Args)]
pub(crate) struct Reconcile {
    /// Compare the charges created since then: a time, a date, or how long ago, as in 24h.
    #[arg(long, value_name = "TIME", value_parser = since::parse)]
    since: UnixTime,
    /// Settle what differs. Without it nothing is changed.
    #[arg(long, requires = "why")]
    settle: bool,
    #[command(flatten)]
    because: OptionalReasonArgs,
    #[command(flatten)]
    settings: Settings,
}

/// The operator and the reason, for the audit log.
#[derive(Debug, Args)]
struct OptionalReasonArgs {
    /// The reason, for the audit log, which cannot be changed later. Do not name a shopper.
    #[arg(long, value_name = "TEXT", requires = "settle")]
    why: Option<String>,
    /// The operator's name. Default: the user who is logged in.
    #[arg(long, value_name = "NAME", requires = "settle")]
    by: Option<String>,
}

/// A difference as it is shown.
struct Line {
    finding: Finding,
    /// The payment's number as tills and receipts have it.
    payment: String,
    /// What became of it: a word, and what failed if something did.
    result: Option<(&'static str, Option<String>)>,
}

impl Reconcile {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let Self { since, settle, because, settings } = self;
        let OptionalReasonArgs { why, by } = because;
        let reason = why.filter(|_| settle).map(|why| ReasonArgs::new(why, by).reason());
        let reason = reason.transpose()?;
        let operator = settings.operator()?;
        let (comparison, lines) = match &reason {
            None => compare(&operator, since)?,
            Some(reason) => settle_all(&operator, since, reason)?,
        };
        let is_settled = lines.iter().all(|line| matches!(line.result, Some(("done", _))));
        let document = json!({
            "since": since,
            "settled": settle,
            "compared": comparison.compared,
            "detached": comparison.detached,
            "others": comparison.others,
            "in_progress": comparison.in_progress,
            "findings": lines.iter().map(Line::document).collect::<Vec<_>>(),
        });
        output.print(&words(&comparison, &lines, settle), &document)?;
        if is_settled { Ok(()) } else { Err(Failure::AlreadyReported) }
    }
}

fn compare(operator: &Operator, since: UnixTime) -> Result<(Comparison, Vec<Line>), Failure> {
    let mut comparison = operator.compare_charges(since).map_err(cannot("compare the charges"))?;
    let findings = std::mem::take(&mut comparison.findings);
    let lines = findings.into_iter().map(|finding| Line::new(operator, finding, None));
    let lines = lines.collect::<Result<_, _>>()?;
    Ok((comparison, lines))
}

fn settle_all(
    operator: &Operator,
    since: UnixTime,
    reason: &Reason,
) -> Result<(Comparison, Vec<Line>), Failure> {
    let settled = operator.settle_charges(since, reason).map_err(cannot("settle the charges"))?;
    let (comparison, settled) = settled;
    let line = |it: SettledFinding| {
        let result = match it.settlement {
            Ok(settlement) => (settlement.name(), None),
            Err(error) => ("failed", Some(error.to_string())),
        };
        Line::new(operator, it.finding, Some(result))
    };
    let lines = settled.into_iter().map(line).collect::<Result<_, _>>()?;
    Ok((comparison, lines))
}

impl Line {
    fn new(
        operator: &Operator,
        finding: Finding,
        result: Option<(&'static str, Option<String>)>,
    ) -> Result<Self, Failure> {
        let number = operator.payment_number(finding.payment).map_err(cannot("name a payment"))?;
        Ok(Self { finding, payment: hex::encode(number.0), result })
    }

    fn document(&self) -> Value {
        let Finding { intent, row, outcome, remedy, .. } = &self.finding;
        json!({
            "payment": self.payment,
            "intent": intent.id.as_str(),
            "created": intent.created,
            "till": self.finding.till(),
            "reference": self.finding.reference(),
            "amount": intent.amount,
            "currency": intent.currency,
            "processor": outcome,
            "row": row.as_ref().map(|row| row.state.name()),
            "action": remedy.name(),
            "result": self.result.as_ref().map(|(word, _)| word),
            "error": self.result.as_ref().and_then(|(_, error)| error.as_deref()),
        })
    }

    fn columns(&self) -> [String; 8] {
        let Finding { intent, row, outcome, remedy, .. } = &self.finding;
        let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
        let amount = intent.amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string());
        let result = match &self.result {
            None => String::new(),
            Some((word, None)) => word.to_string(),
            Some((word, Some(error))) => format!("{word}: {error}"),
        };
        [
            date_and_time(intent.created),
            format!("{amount} {}", intent.currency),
            text(self.finding.till()),
            text(self.finding.reference()),
            (*outcome).to_owned(),
            text(row.as_ref().map(|row| row.state.name())),
            describe(*remedy).to_owned(),
            result,
        ]
    }
}

/// What is to be done, in words.
fn describe(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Adopt => "add the payment",
        Remedy::AdoptAndRefund => "add the payment and refund it",
        Remedy::Refund => "refund",
        Remedy::Cancel => "cancel",
        Remedy::MarkCharged => "mark as charged",
        Remedy::MarkRefunded => "mark as refunded",
        Remedy::Wait => "wait",
        Remedy::Investigate => "check at the processor",
    }
}

const HEADER: [&str; 8] =
    ["CREATED", "AMOUNT", "TILL", "REFERENCE", "PROCESSOR", "HERE", "TO DO", "RESULT"];

fn words(comparison: &Comparison, lines: &[Line], is_settling: bool) -> String {
    let Comparison { compared, detached, others, in_progress, .. } = comparison;
    let mut words = format!("{compared} charges compared, {} differ", lines.len());
    if *in_progress > 0 {
        words = format!("{words}, {in_progress} are in progress and left to the service");
    }
    if *detached > 0 {
        words = format!("{words}; {detached} are of detached months and were not compared");
    }
    if *others > 0 {
        words = format!("{words}; {others} of other programs were left alone");
    }
    if lines.is_empty() {
        return words;
    }
    let table = table(lines);
    let by_hand = lines.iter().any(|line| line.finding.remedy == Remedy::Investigate);
    let mut ends = Vec::new();
    if !is_settling {
        ends.push("Nothing was changed: add --settle and --why TEXT to settle it.");
    }
    if by_hand {
        ends.push("What is to be checked is never settled here: look it up at the processor.");
    }
    if lines.iter().any(|line| matches!(line.result, Some((word, _)) if word != "done")) {
        ends.push("Not all of it is settled: run this again.");
    }
    format!("{words}\n\n{table}\n\n{}", ends.join("\n")).trim_end().to_owned()
}

fn table(lines: &[Line]) -> String {
    let rows: Vec<_> =
        std::iter::once(HEADER.map(str::to_owned)).chain(lines.iter().map(Line::columns)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<_> = (0..HEADER.len()).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &[String; 8]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
