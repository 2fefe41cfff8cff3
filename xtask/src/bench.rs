//! The rows of docs/performance.md: measured by criterion in `testing/bench/`, joined and judged here.
//!
//! Two builds take part, because one program can hold only one SQLite: the plain one, and the one that is `SQLCipher`.
//! Both leave their figures in criterion's folder, which is where we read them.

mod bindings;
mod growth;

use std::{path::Path, process::Command, slice};

use anyhow::Context as _;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::{Deserialize, Serialize};
use xshell::{Shell, cmd};

use crate::{
    setup::{self, CMAKE, CXX, LIBCRYPTO},
    tree::{self, step},
};

/// A piece of work that ours and its peers are measured at. A new row is one entry here and one module in testing/bench/.
pub(crate) struct Row {
    /// The name of criterion's group.
    name: &'static str,
    work: &'static str,
    target: Target,
    /// Whether `SQLCipher` is one of the peers.
    sqlcipher: bool,
}

/// What ours must be.
#[derive(Clone, Copy)]
enum Target {
    /// At most so many nanoseconds.
    Nanoseconds(f64),
    /// At least so many per second, on one core.
    PerSecond(f64),
    /// At most so many times what the peer takes.
    Times(f64, &'static str),
    /// Nothing in particular: the row is there to be looked at.
    Seen(Unit),
    /// The issuer's: it measures by itself and prints.
    Printed,
}

/// What the figures of a row count.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
enum Unit {
    #[serde(rename = "ns")]
    Nanoseconds,
    /// Criterion takes them for nanoseconds.
    #[serde(rename = "bytes")]
    Bytes,
}

const ROWS: &[Row] = &[
    Row {
        name: "qr",
        work: "QR of 24 digits, smallest version, best of eight masks",
        target: Target::Nanoseconds(12_000.0),
        sqlcipher: false,
    },
    Row {
        name: "code128",
        work: "Code 128 of 24 digits",
        target: Target::Nanoseconds(200.0),
        sqlcipher: false,
    },
    Row {
        name: "next-code",
        work: "next code when open: digits and both symbols",
        target: Target::Nanoseconds(15_000.0),
        sqlcipher: false,
    },
    Row {
        name: "check",
        work: "check of a code against one value at the issuer",
        target: Target::PerSecond(1_500_000.0),
        sqlcipher: false,
    },
    Row {
        name: "open",
        work: "vault of 100 credentials: open, digits, both symbols",
        target: Target::Nanoseconds(250_000.0),
        sqlcipher: true,
    },
    Row {
        name: "show",
        work: "next code of a wallet: counter stored durably, digits, both symbols",
        target: Target::Times(1.2, "sqlite"),
        sqlcipher: true,
    },
    Row {
        name: "put",
        work: "put one record, durable (synchronous=FULL)",
        target: Target::Times(1.1, "sqlite"),
        sqlcipher: true,
    },
    Row {
        name: "get",
        work: "get one record",
        target: Target::Times(1.5, "sqlite-shared"),
        sqlcipher: true,
    },
];

/// What the issuer's own bench measures: an issuer on each store, spoken to over HTTP.
const ISSUER: &[Row] = &[
    Row::printed("issuer", "log-ins, resets and session checks in a second, and during a flood"),
    Row::printed(
        "payments",
        "codes taken in a second, and how long one takes, as cargo xtask load has it",
    ),
    Row::printed("enumeration", "whether the clock tells an account that answers do not"),
];

/// One work at each number of records.
macro_rules! growing {
    ($($work:literal $unit:ident $about:literal)*) => {
        &[$(
            Row::growing(concat!($work, "-1"), Unit::$unit, $about),
            Row::growing(concat!($work, "-100"), Unit::$unit, $about),
            Row::growing(concat!($work, "-10000"), Unit::$unit, $about),
            Row::growing(concat!($work, "-100000"), Unit::$unit, $about),
        )*]
    };
}

/// What is measured only when asked for, since it takes minutes: how cost grows with the number of records.
const GROWTH: &[Row] = growing! {
    "open" Nanoseconds "open the file: ours checks every row"
    "get" Nanoseconds "get one record, another each time"
    "list" Nanoseconds "list all records"
    "put" Nanoseconds "put one record, another each time, durable"
    "add" Nanoseconds "add a record, durable"
    "file" Bytes "the file's size, closed"
};

/// The name of all of [`GROWTH`].
const GROWTH_NAME: &str = "growth";

impl Row {
    const fn printed(name: &'static str, work: &'static str) -> Self {
        Self { name, work, target: Target::Printed, sqlcipher: false }
    }

    const fn growing(name: &'static str, unit: Unit, work: &'static str) -> Self {
        Self { name, work, target: Target::Seen(unit), sqlcipher: true }
    }
}

/// The name of what is measured from other languages. Criterion has no part in it.
const BINDINGS_NAME: &str = "bindings";

/// What a person asked to be measured.
#[derive(Clone, Copy)]
pub(crate) enum Named {
    Rows(&'static [Row]),
    Bindings,
}

/// The builds: SQLite as it is, and `SQLCipher` in its place.
const FEATURES: &[&str] = &["", "sqlcipher"];

/// What the bench of our own side is called in every row.
const OURS: &str = "tegata";

/// Reads the name of a row or of several; an unknown one is a usage error that names the known ones.
pub(crate) fn parser() -> impl TypedValueParser<Value = Named> {
    let rows = ROWS.iter().chain(ISSUER).map(|row| PossibleValue::new(row.name).help(row.work));
    let growth = PossibleValue::new(GROWTH_NAME)
        .help("the vault at 1 to 100,000 records, in some minutes; each row by its own name, too, as open-10000");
    let growing = GROWTH.iter().map(|row| PossibleValue::new(row.name).hide(true));
    let bindings = PossibleValue::new(BINDINGS_NAME)
        .help("calls from a JVM, from Python and from Swift, by itself, in some minutes");
    let names = rows.chain([growth, bindings]).chain(growing);
    PossibleValuesParser::new(names).try_map(|name| match name.as_str() {
        GROWTH_NAME => Ok(Named::Rows(GROWTH)),
        BINDINGS_NAME => Ok(Named::Bindings),
        name => {
            let row = ROWS.iter().chain(ISSUER).chain(GROWTH).find(|row| row.name == name);
            row.map(|row| Named::Rows(slice::from_ref(row))).ok_or("not a row of the benches")
        }
    })
}

/// All rows named, or those that are measured if none is.
fn or_usual(named: &[Named]) -> Vec<&'static Row> {
    let rows = named.iter().filter_map(|named| match named {
        Named::Rows(rows) => Some(*rows),
        Named::Bindings => None,
    });
    if named.is_empty() { ROWS.iter().collect() } else { rows.flatten().collect() }
}

pub(crate) fn run(shell: &Shell, named: &[Named], json: bool) -> anyhow::Result<()> {
    let rows = or_usual(named);
    if named.iter().any(|named| matches!(named, Named::Bindings)) {
        anyhow::ensure!(rows.is_empty(), "{BINDINGS_NAME} is measured by itself");
        return bindings::run(shell, json);
    }
    let (printed, rows): (Vec<&Row>, Vec<&Row>) =
        rows.into_iter().partition(|row| matches!(row.target, Target::Printed));
    for row in &printed {
        setup::install(shell, &[setup::POSTGRESQL])?;
        step(&format!("measuring {}: {}", row.name, row.work));
        cmd!(shell, "cargo bench --quiet -p tegata-issuer --bench issuer --")
            .arg(row.name)
            .run()?;
    }
    if rows.is_empty() && !printed.is_empty() {
        return Ok(());
    }
    measure(shell, &rows, json)
}

fn measure(shell: &Shell, rows: &[&Row], json: bool) -> anyhow::Result<()> {
    setup::install(shell, &[CMAKE, CXX, LIBCRYPTO])?;
    let figures = tree::target(shell)?.join("criterion");
    for feature in FEATURES {
        // Nothing is compiled while something is measured.
        bench(shell, feature, &["--no-run"])?;
    }
    for row in rows {
        step(&format!("measuring {}: {}", row.name, row.work));
        // A peer that left the bench must not stay in the results.
        shell.remove_path(figures.join(row.name))?;
        let filter = format!("^{}/", row.name);
        // Both builds right after each other, so that both meet the same state of the machine.
        for feature in FEATURES.iter().filter(|feature| feature.is_empty() || row.sqlcipher) {
            bench(shell, feature, &["--", &filter, "--noplot"])?;
        }
    }
    let outcomes = rows
        .iter()
        .map(|row| Outcome::read(shell, &figures, row))
        .collect::<Result<Vec<_>, _>>()?;
    if json {
        println!("{}", serde_json::to_string_pretty(&outcomes)?);
    } else {
        let (growing, others): (Vec<_>, Vec<_>) =
            outcomes.iter().partition(|outcome| GROWTH.iter().any(|row| row.name == outcome.row));
        print!("{}{}", table(&others), growth::table(&growing));
    }
    let missed: Vec<&str> =
        outcomes.iter().filter(|outcome| !outcome.met).map(|outcome| outcome.row).collect();
    anyhow::ensure!(missed.is_empty(), "target missed: {}", missed.join(", "));
    Ok(())
}

/// Builds or runs the bench with or without `feature`. It leaves out on its own what does not belong to a build.
fn bench(shell: &Shell, feature: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let bench = "bench --quiet -p tegata-bench --bench rows";
    let bench = cmd!(shell, "cargo").args(bench.split(' ')).arg("--features").arg(feature);
    // stdout is for the joined results; what criterion says on the way is for the person who waits.
    let mut bench = Command::from(bench.args(arguments));
    let status = bench.stdout(std::io::stderr()).status().context("cannot start cargo")?;
    anyhow::ensure!(status.success(), "the bench failed");
    Ok(())
}

/// One row, measured.
#[derive(Debug, Serialize)]
struct Outcome {
    row: &'static str,
    work: &'static str,
    unit: Unit,
    target: String,
    met: bool,
    subjects: Vec<Subject>,
}

/// One side of a row.
#[derive(Debug, PartialEq, Serialize)]
struct Subject {
    name: String,
    median: f64,
    /// How many times ours it takes.
    ratio: f64,
}

impl Outcome {
    fn read(shell: &Shell, figures: &Path, row: &Row) -> anyhow::Result<Self> {
        let mut medians = Vec::new();
        for folder in shell.read_dir(figures.join(row.name))? {
            let file = folder.join("new").join("estimates.json");
            // Beside the subjects lies a folder of reports.
            if shell.path_exists(&file) {
                let name = folder.file_name().context("a folder without a name")?;
                medians
                    .push((name.to_string_lossy().into_owned(), median(&shell.read_file(&file)?)?));
            }
        }
        Self::judge(row, medians).with_context(|| format!("row {}", row.name))
    }

    fn judge(row: &Row, mut medians: Vec<(String, f64)>) -> anyhow::Result<Self> {
        medians.sort_by(|a, b| a.1.total_cmp(&b.1));
        let of =
            |name: &str| medians.iter().find(|(its, _)| its == name).map(|(_, median)| *median);
        let ours = of(OURS).context("ours was not measured")?;
        let mut unit = Unit::Nanoseconds;
        let (limit, target) = match row.target {
            Target::Nanoseconds(limit) => (limit, format!("≤ {}", time(limit))),
            Target::PerSecond(rate) => (1e9 / rate, format!("≥ {:.1} M/s", rate / 1e6)),
            Target::Times(times, peer) => {
                let peers = of(peer).with_context(|| format!("{peer} was not measured"))?;
                (times * peers, format!("≤ {times} × {peer}"))
            }
            Target::Printed => anyhow::bail!("it prints by itself"),
            Target::Seen(of) => {
                unit = of;
                (f64::INFINITY, "none".into())
            }
        };
        let subject = |(name, median)| Subject { name, median, ratio: median / ours };
        let subjects = medians.into_iter().map(subject).collect();
        Ok(Self { row: row.name, work: row.work, unit, target, met: ours <= limit, subjects })
    }
}

/// The median out of criterion's estimates, in nanoseconds.
fn median(estimates: &str) -> anyhow::Result<f64> {
    #[derive(Deserialize)]
    struct Estimates {
        median: Estimate,
    }
    #[derive(Deserialize)]
    struct Estimate {
        point_estimate: f64,
    }
    let estimates: Estimates =
        serde_json::from_str(estimates).context("not criterion's estimates")?;
    Ok(estimates.median.point_estimate)
}

fn table(outcomes: &[&Outcome]) -> String {
    let mut lines = Vec::new();
    for Outcome { row, work, unit: _, target, met, subjects } in outcomes {
        let verdict = if *met { "met" } else { "MISSED" };
        lines.push(format!("\n{row}: {work}\n  target {target}: {verdict}\n"));
        for Subject { name, median, ratio } in subjects {
            lines.push(format!("  {name:<20} {:>10}   {ratio:>8.2} ×\n", time(*median)));
        }
    }
    lines.concat()
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e3 => format!("{ns:.1} ns"),
        ns if ns < 1e6 => format!("{:.2} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(target: Target) -> Row {
        Row { name: "a", work: "a", target, sqlcipher: false }
    }

    fn met(target: Target, ours: f64) -> bool {
        let medians = vec![("sqlite".into(), 100.0), (OURS.into(), ours)];
        Outcome::judge(&row(target), medians).unwrap().met
    }

    #[test]
    fn a_target_is_met_up_to_its_limit() {
        for (target, limit) in [
            (Target::Nanoseconds(200.0), 200.0),
            (Target::PerSecond(10_000_000.0), 100.0),
            (Target::Times(1.5, "sqlite"), 150.0),
        ] {
            assert!(met(target, limit));
            assert!(!met(target, limit + 0.1));
        }
    }

    #[test]
    fn ratios_are_to_ours_and_the_quickest_comes_first() {
        let medians = vec![("peer".into(), 300.0), (OURS.into(), 100.0)];
        let subjects = Outcome::judge(&row(Target::Nanoseconds(1.0)), medians).unwrap().subjects;
        assert_eq!(subjects[0].name, OURS);
        assert!((subjects[1].ratio - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_row_without_ours_or_the_peer_it_is_held_to_is_an_error() {
        let target = Target::Times(1.1, "sqlite");
        assert!(Outcome::judge(&row(target), vec![("sqlite".into(), 1.0)]).is_err());
        assert!(Outcome::judge(&row(target), vec![(OURS.into(), 1.0)]).is_err());
    }

    #[test]
    fn what_grows_is_measured_when_named_and_held_to_nothing() {
        assert!(or_usual(&[]).iter().all(|row| ROWS.iter().any(|usual| usual.name == row.name)));
        assert_eq!(
            or_usual(&[Named::Rows(GROWTH), Named::Rows(&ROWS[..1])]).len(),
            GROWTH.len() + 1
        );
        assert!(met(Target::Seen(Unit::Bytes), 1e12));
    }

    #[test]
    fn the_median_is_read_from_what_criterion_writes() {
        let text = r#"{"mean":{"point_estimate":9.0},"median":{"confidence_interval":{},"point_estimate":7.5}}"#;
        assert!((median(text).unwrap() - 7.5).abs() < 1e-9);
        assert!(median("{}").is_err());
    }

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        assert_eq!([time(47.51), time(3_600.0), time(118e6)], ["47.5 ns", "3.60 µs", "118.00 ms"]);
    }
}
