//! The rows of the bench, and how they are selected on the command line.

use std::slice;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::Serialize;

/// A kind of work that our code and its peers are measured at. To add one, add an entry here and a module in
/// testing/bench/.
pub(crate) struct Row {
    /// The name of criterion's group.
    pub(super) name: &'static str,
    pub(super) work: &'static str,
    pub(super) target: Target,
    /// Whether `SQLCipher` is one of the peers.
    pub(super) sqlcipher: bool,
}

/// What our figure is compared with.
#[derive(Clone, Copy)]
pub(super) enum Target {
    /// At most this many nanoseconds.
    Nanoseconds(f64),
    /// At least this many per second, on one core.
    PerSecond(f64),
    /// At most this many times the peer's figure.
    Times(f64, &'static str),
    /// None: the row is there to be looked at.
    None(Unit),
    /// The issuer's bench measures and prints the row itself.
    Printed,
}

/// The unit of a row's figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) enum Unit {
    #[serde(rename = "ns")]
    Nanoseconds,
    /// Criterion takes them for nanoseconds.
    #[serde(rename = "bytes")]
    Bytes,
}

pub(super) const ROWS: &[Row] = &[
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

/// Rows of the issuer's own bench, which measures an issuer on each store over HTTP.
const ISSUER: &[Row] = &[
    Row::printed(
        "issuer",
        "log-ins, resets and session checks per second, and during a flood of requests",
    ),
    Row::printed(
        "payments",
        "authorisations per second and their latency, as cargo xtask load prints them",
    ),
    Row::printed("enumeration", "whether response times reveal which accounts exist"),
];

/// Rows of one kind of work at each number of records.
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

/// Rows that show how cost grows with the number of records; measured on request only, because they take minutes.
pub(super) const GROWTH: &[Row] = growing! {
    "open" Nanoseconds "open the file: ours checks every row"
    "get" Nanoseconds "get one record, another each time"
    "list" Nanoseconds "list all records"
    "put" Nanoseconds "put one record, another each time, durable"
    "add" Nanoseconds "add a record, durable"
    "file" Bytes "the file's size, closed"
};

/// Selects all of [`GROWTH`].
const GROWTH_NAME: &str = "growth";

/// Selects the benches of other languages, which criterion has no part in.
pub(super) const BINDINGS_NAME: &str = "bindings";

impl Row {
    const fn printed(name: &'static str, work: &'static str) -> Self {
        Self { name, work, target: Target::Printed, sqlcipher: false }
    }

    const fn growing(name: &'static str, unit: Unit, work: &'static str) -> Self {
        Self { name, work, target: Target::None(unit), sqlcipher: true }
    }
}

/// Rows selected by one name on the command line.
#[derive(Clone, Copy)]
pub(crate) enum Selection {
    Rows(&'static [Row]),
    Bindings,
}

/// Parses the name of one row or of several; the usage error for an unknown one lists the known ones.
pub(crate) fn parser() -> impl TypedValueParser<Value = Selection> {
    let rows = ROWS.iter().chain(ISSUER).map(|row| PossibleValue::new(row.name).help(row.work));
    let growth = PossibleValue::new(GROWTH_NAME)
        .help("the vault at 1 to 100,000 records, in some minutes; single rows by name, such as open-10000");
    let growing = GROWTH.iter().map(|row| PossibleValue::new(row.name).hide(true));
    let bindings = PossibleValue::new(BINDINGS_NAME)
        .help("calls from a JVM, from Python and from Swift, alone, in some minutes");
    let names = rows.chain([growth, bindings]).chain(growing);
    PossibleValuesParser::new(names).try_map(|name| match name.as_str() {
        GROWTH_NAME => Ok(Selection::Rows(GROWTH)),
        BINDINGS_NAME => Ok(Selection::Bindings),
        name => {
            let row = ROWS.iter().chain(ISSUER).chain(GROWTH).find(|row| row.name == name);
            row.map(|row| Selection::Rows(slice::from_ref(row))).ok_or("not a row of the benches")
        }
    })
}

/// All selected rows; [`ROWS`] if nothing is selected.
pub(super) fn selected(selections: &[Selection]) -> Vec<&'static Row> {
    let rows = selections.iter().filter_map(|selection| match selection {
        Selection::Rows(rows) => Some(*rows),
        Selection::Bindings => None,
    });
    if selections.is_empty() { ROWS.iter().collect() } else { rows.flatten().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_measured_on_request_only() {
        assert!(selected(&[]).iter().all(|row| ROWS.iter().any(|usual| usual.name == row.name)));
        let selections = [Selection::Rows(GROWTH), Selection::Rows(&ROWS[..1])];
        assert_eq!(selected(&selections).len(), GROWTH.len() + 1);
    }
}
