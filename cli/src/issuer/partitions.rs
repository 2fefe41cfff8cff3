//! `tegata issuer partitions`: months of payments and events, listed and detached.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tegata_issuer::admin::{Month, MonthPartition, MonthStage};

use super::settings::{ReasonArgs, Settings, cannot};
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Partitions {
    /// List the months of payments and events, oldest first, with what they take in bytes.
    #[command(after_help = "Example: tegata issuer partitions list")]
    List(Settings),
    /// Take the oldest month out of the store. Its tables stay in the database, to be copied and dropped.
    #[command(
        after_help = "Only a month whose payments tills cannot void any more, with 100 days since, and in which nothing \
                      is left to be done. The whole log is verified first.\n\n\
                      Example: tegata issuer partitions detach 2026-01 --why \"archived after five months\""
    )]
    Detach(Detach),
}

#[derive(Debug, Args)]
pub(crate) struct Detach {
    /// The month in UTC, such as 2026-01.
    month: Month,
    #[command(flatten)]
    because: ReasonArgs,
    #[command(flatten)]
    settings: Settings,
}

impl Partitions {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::List(settings) => list(settings, output),
            Self::Detach(detach) => detach.run(output),
        }
    }
}

fn list(settings: Settings, output: &Output) -> Result<(), Failure> {
    let months = settings.operator()?.partitions().map_err(cannot("list the partitions"))?;
    let lines: Vec<_> = months.iter().map(line).collect();
    let words = if lines.is_empty() { "none yet".to_owned() } else { lines.join("\n") };
    output.print(&words, &json!({ "months": months.iter().map(document).collect::<Vec<_>>() }))
}

fn line(MonthPartition { month, bytes, stage }: &MonthPartition) -> String {
    match stage {
        MonthStage::Attached => format!("{month} attached {bytes} bytes"),
        MonthStage::Detached { payments, events } => {
            let kept = match bytes {
                0 => "its tables are gone".to_owned(),
                bytes => format!("{bytes} bytes to copy and drop"),
            };
            format!("{month} detached {payments} payments, {events} events; {kept}")
        }
    }
}

fn document(MonthPartition { month, bytes, stage }: &MonthPartition) -> Value {
    let month = month.to_string();
    match stage {
        MonthStage::Attached => json!({ "month": month, "stage": "attached", "bytes": bytes }),
        MonthStage::Detached { payments, events } => json!({
            "month": month,
            "stage": "detached",
            "bytes": bytes,
            "payments": payments,
            "events": events,
        }),
    }
}

impl Detach {
    fn run(self, output: &Output) -> Result<(), Failure> {
        let operator = self.settings.operator()?;
        let reason = self.because.reason()?;
        let detached =
            operator.detach_month(self.month, &reason).map_err(cannot("detach the month"))?;
        let payments = detached.payments;
        let events = detached.events;
        let name = self.month.to_string().replace('-', "_");
        let tables = [format!("authorisations_{name}"), format!("events_{name}")];
        let words = format!(
            "{} is detached: {payments} payments, {events} events\n\
             its tables are {} and {}: copy them with pg_dump, then drop them",
            self.month, tables[0], tables[1]
        );
        let document = json!({
            "month": self.month.to_string(),
            "payments": payments,
            "events": events,
            "tables": tables,
        });
        output.print(&words, &document)
    }
}
