//! `tegata issuer audit`: verifies, prints and seals the audit log.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tegata_issuer::admin::EventRow;

use super::settings::{Settings, cannot};
use crate::failure::Failure;
use crate::output::{Output, date_and_time};

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Verify the whole log against its seals and the signed checkpoints. Exit code 1 if anything is wrong.
    #[command(after_help = "Example: tegata issuer audit verify")]
    Verify(Settings),
    /// Show the last events, oldest first; events of the same second are in no particular order.
    #[command(after_help = "Example: tegata issuer audit tail --lines 20")]
    Tail(Tail),
    /// Seal new events and sign a checkpoint; the service does so every five seconds.
    #[command(after_help = "Example: tegata issuer audit seal")]
    Seal(Settings),
}

#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// How many events to show.
    #[arg(long, short = 'n', default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    lines: u32,
    #[command(flatten)]
    settings: Settings,
}

impl Audit {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Verify(settings) => verify(settings, output),
            Self::Tail(tail) => tail.run(output),
            Self::Seal(settings) => {
                let seal = settings.operator()?.seal().map_err(cannot("seal the log"))?;
                let words = format!("sealed and signed up to event {}", seal.count);
                output
                    .print(&words, &json!({ "count": seal.count, "head": hex::encode(seal.head) }))
            }
        }
    }
}

fn verify(settings: Settings, output: &Output) -> Result<(), Failure> {
    let verified = settings.operator()?.verify().map_err(cannot("verify the log"))?;
    let findings: Vec<_> = verified.findings.iter().map(ToString::to_string).collect();
    let mut seen = format!("{} sealed events, signed up to {}", verified.events, verified.signed);
    if verified.detached > 0 {
        seen =
            format!("{seen}; {} are of detached months, held to signed records", verified.detached);
    }
    let words = match findings.as_slice() {
        [] => format!("the log holds: {seen}"),
        findings => format!("the log does not hold: {seen}\n{}", findings.join("\n")),
    };
    let document = json!({
        "events": verified.events,
        "detached": verified.detached,
        "signed": verified.signed,
        "holds": findings.is_empty(),
        "findings": findings,
    });
    output.print(&words, &document)?;
    if findings.is_empty() { Ok(()) } else { Err(Failure::AlreadyReported) }
}

impl Tail {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let operator = self.settings.operator()?;
        let mut events = operator.last_events(self.lines).map_err(cannot("read the log"))?;
        events.reverse();
        let lines: Vec<_> = events.iter().map(line).collect();
        let words = if lines.is_empty() { "nothing yet".to_owned() } else { lines.join("\n") };
        output.print(&words, &json!({ "events": events.iter().map(document).collect::<Vec<_>>() }))
    }
}

fn line(event: &EventRow) -> String {
    let EventRow { deed, actor, at, detail, .. } = event;
    let account = event.about().map_or_else(|| "-".to_owned(), |account| account.to_string());
    format!("{} {actor} {deed} {account} {detail}", date_and_time(*at))
}

fn document(event: &EventRow) -> Value {
    let EventRow { id, deed, actor, at, detail, .. } = event;
    // A detail that is not JSON is printed as text.
    let detail: Value = serde_json::from_str(detail).unwrap_or_else(|_| json!(detail));
    json!({
        "event": id.to_string(),
        "account": event.about().map(|account| account.to_string()),
        "deed": deed,
        "actor": actor,
        "at": at,
        "detail": detail,
    })
}
