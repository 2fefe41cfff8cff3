//! The rows of docs/performance.md: criterion measures them in `testing/bench/`; here they are joined and compared with
//! their targets.
//!
//! Two builds take part, because one program can link only one SQLite: the plain one, or `SQLCipher`. Both leave their
//! figures in criterion's folder, from which they are read.

mod bindings;
mod growth;
mod outcome;
mod rows;

use std::process::Command;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use self::{
    outcome::{Outcome, table},
    rows::{BINDINGS_NAME, GROWTH, Row, Target},
};
use crate::{
    progress::step,
    setup::{self, CMAKE, CXX, LIBCRYPTO},
    workspace,
};

pub(crate) use self::rows::{Selection, parser};

/// The builds: plain SQLite, and `SQLCipher` in its place.
const FEATURES: &[&str] = &["", "sqlcipher"];

pub(crate) fn run(shell: &Shell, selections: &[Selection], json: bool) -> anyhow::Result<()> {
    let rows = rows::selected(selections);
    if selections.iter().any(|it| matches!(it, Selection::Bindings)) {
        anyhow::ensure!(rows.is_empty(), "{BINDINGS_NAME} is measured alone");
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
    let figures = workspace::target(shell)?.join("criterion");
    for feature in FEATURES {
        // Compile first, so that no compiler runs during a measurement.
        bench(shell, feature, &["--no-run"])?;
    }
    for row in rows {
        step(&format!("measuring {}: {}", row.name, row.work));
        // A peer that was removed from the bench must not stay in the results.
        shell.remove_path(figures.join(row.name))?;
        let filter = format!("^{}/", row.name);
        // Both builds one after the other, so that both run on a machine in the same state.
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

/// Builds or runs the bench with or without `feature`; it leaves out rows that the build does not have.
fn bench(shell: &Shell, feature: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let bench =
        cmd!(shell, "cargo bench --quiet -p tegata-bench --bench rows --features {feature}");
    // stdout is for the joined results; criterion's own output goes to stderr.
    let mut command = Command::from(bench.args(arguments));
    let status = command.stdout(std::io::stderr()).status().context("cannot start cargo")?;
    anyhow::ensure!(status.success(), "the bench failed");
    Ok(())
}
