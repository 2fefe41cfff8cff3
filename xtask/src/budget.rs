//! Instruction counts of the hot paths against the budget in testing/bench/budget.json.
//!
//! Time on a shared machine varies by tens of per cent; the number of instructions does not. Callgrind counts them in one
//! function of the example `instructions`, which leaves out start-up and preparation.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use xshell::{Shell, cmd};

use crate::{
    bindings::NO_UNWIND_TABLES,
    progress::step,
    setup::{self, VALGRIND},
    workspace,
};

const FILE: &str = "testing/bench/budget.json";
const EXAMPLE: &str = "instructions";
/// The function that callgrind counts in, as a pattern that its mangled name matches.
const COUNTED: &str = "instructions::counted*";

/// A count may exceed its budget by this much, in per cent, because the linker's choices change a few instructions.
const ABOVE: u64 = 2;
/// A count that is this far below its budget, in per cent, is an error too: the budget is to be lowered before the slack
/// is used up.
const BELOW: u64 = 10;

type Counts = BTreeMap<String, u64>;

/// The budget file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    /// Versions of the compiler and of valgrind, since others count differently.
    counted_by: String,
    instructions: Counts,
}

/// Counts, compares, and prints every count.
fn check(shell: &Shell) -> anyhow::Result<()> {
    let counts = count(shell, "release")?;
    let budget: Budget = serde_json::from_str(&shell.read_file(FILE)?).context(FILE)?;
    let findings = compare(&budget.instructions, &counts);
    for (name, count) in &counts {
        println!("{name}: {count} instructions");
    }
    for finding in &findings {
        eprintln!("{finding}");
    }
    let here = counter_versions(shell)?;
    anyhow::ensure!(
        findings.is_empty(),
        "{} of {} counts differ from the budget (which was counted by {}; here: {here})",
        findings.len(),
        counts.len(),
        budget.counted_by,
    );
    Ok(())
}

/// Compares the counts with the budget, or writes them into it.
pub(crate) fn run(shell: &Shell, write: bool) -> anyhow::Result<()> {
    setup::install(shell, &[VALGRIND])?;
    if !write {
        return check(shell);
    }
    let budget =
        Budget { counted_by: counter_versions(shell)?, instructions: count(shell, "release")? };
    shell.write_file(FILE, serde_json::to_string_pretty(&budget)? + "\n")?;
    step(&format!("wrote {FILE}"));
    Ok(())
}

/// Prints the counts of the small build that apps load beside those of the fast one.
pub(crate) fn compare_profiles(shell: &Shell) -> anyhow::Result<()> {
    setup::install(shell, &[VALGRIND])?;
    let fast = count(shell, "release")?;
    let _tables = shell.push_env("CFLAGS", NO_UNWIND_TABLES);
    for (name, small) in count(shell, "library")? {
        let fast_count = fast[&name];
        println!(
            "{name}: {small} instructions, {fast_count} in `release`: {} %",
            small * 100 / fast_count
        );
    }
    Ok(())
}

fn counter_versions(shell: &Shell) -> anyhow::Result<String> {
    let rustc = cmd!(shell, "rustc --version").quiet().read()?;
    let valgrind = cmd!(shell, "valgrind --version").quiet().read()?;
    let version: Vec<&str> = rustc.split_whitespace().take(2).collect();
    Ok(format!("{}, {valgrind}, {}", version.join(" "), std::env::consts::ARCH))
}

fn count(shell: &Shell, profile: &str) -> anyhow::Result<Counts> {
    cmd!(shell, "cargo build --profile {profile} -p tegata --example {EXAMPLE}").run()?;
    let program = workspace::target(shell)?.join(profile).join("examples").join(EXAMPLE);
    let names = cmd!(shell, "{program}").quiet().read()?;
    names.lines().map(|name| Ok((name.to_owned(), count_one(shell, &program, name)?))).collect()
}

fn count_one(shell: &Shell, program: &Path, name: &str) -> anyhow::Result<u64> {
    let out = program.with_extension("callgrind");
    cmd!(shell, "valgrind --quiet --tool=callgrind --callgrind-out-file={out} --toggle-collect={COUNTED} {program} {name}")
        .quiet()
        .run()?;
    total(&shell.read_file(&out)?).with_context(|| format!("counting {name}"))
}

/// The total that callgrind writes into its output.
fn total(output: &str) -> anyhow::Result<u64> {
    let line = output.lines().find_map(|line| line.strip_prefix("totals: "));
    let total = line.context("callgrind wrote no total")?.trim().parse()?;
    anyhow::ensure!(total > 0, "callgrind counted nothing: does the counted function still exist?");
    Ok(total)
}

/// A sentence for each count that differs from its budget.
fn compare(budget: &Counts, counts: &Counts) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, &count) in counts {
        let Some(&limit) = budget.get(name) else {
            findings
                .push(format!("{name}: {count} instructions, but no budget; `--write` adds one"));
            continue;
        };
        if count * 100 > limit * (100 + ABOVE) {
            findings.push(format!("{name}: {count} instructions, budget {limit}"));
        } else if count * 100 < limit * (100 - BELOW) {
            findings.push(format!(
                "{name}: {count} instructions, well below the budget of {limit}: lower it with `--write`"
            ));
        }
    }
    let gone = budget.keys().filter(|name| !counts.contains_key(*name));
    findings.extend(gone.map(|name| format!("{name}: has a budget, but was not counted")));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(&str, u64)]) -> Counts {
        of.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn a_count_within_the_margins_passes() {
        let budget = counts(&[("qr", 1000)]);
        for count in [900, 1000, 1020] {
            assert_eq!(compare(&budget, &counts(&[("qr", count)])), Vec::<String>::new());
        }
    }

    #[test]
    fn counts_above_and_far_below_the_budget_are_reported() {
        let budget = counts(&[("qr", 1000)]);
        let above = compare(&budget, &counts(&[("qr", 1021)]));
        assert_eq!(above, ["qr: 1021 instructions, budget 1000"]);
        let below = compare(&budget, &counts(&[("qr", 899)]));
        assert!(below[0].contains("lower it"), "{below:?}");
    }

    #[test]
    fn counts_and_budgets_without_each_other_are_reported() {
        assert_eq!(compare(&counts(&[("qr", 1)]), &counts(&[("ean", 1)])).len(), 2);
    }

    #[test]
    fn the_total_is_read_from_callgrinds_output() {
        assert_eq!(total("events: Ir\nsummary: 12\n\ntotals: 12\n").unwrap(), 12);
        assert!(total("totals: 0\n").is_err());
        assert!(total("events: Ir\n").is_err());
    }

    #[test]
    fn the_budget_file_has_no_unknown_fields() {
        let text = r#"{"counted_by": "rustc 1", "instructions": {"qr": 7}}"#;
        assert_eq!(serde_json::from_str::<Budget>(text).unwrap().instructions["qr"], 7);
        assert!(serde_json::from_str::<Budget>(r#"{"instructions": {}, "more": 1}"#).is_err());
    }
}
