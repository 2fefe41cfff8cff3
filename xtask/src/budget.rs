//! Instruction counts of the hot paths, held to testing/bench/budget.json.
//!
//! Time on a shared machine wanders by tens of per cent; the number of instructions does not. Callgrind counts them
//! inside one function of the example `instructions`, so that start-up and preparation stay out.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use xshell::{Shell, cmd};

use crate::{
    bindings::NO_UNWIND_TABLES,
    setup::{self, VALGRIND},
    tree::{self, step},
};

const FILE: &str = "testing/bench/budget.json";
const EXAMPLE: &str = "instructions";
/// The function that callgrind counts in, whatever the compiler puts around its name.
const COUNTED: &str = "instructions::counted*";

/// A count may exceed its budget by this much, in per cent: the linker's choices move a few instructions.
const ABOVE: u64 = 2;
/// A count this far below, in per cent, asks for the budget to be lowered: room that nobody sees gets used up.
const BELOW: u64 = 10;

type Counts = BTreeMap<String, u64>;

/// The budget file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    /// What counted: another compiler or valgrind counts differently, and a finding says so.
    counted_by: String,
    instructions: Counts,
}

/// Counts and compares.
pub(crate) fn hold(shell: &Shell) -> anyhow::Result<()> {
    let counts = count(shell, "release")?;
    let budget: Budget = serde_json::from_str(&shell.read_file(FILE)?).context(FILE)?;
    let findings = compare(&budget.instructions, &counts);
    for (name, count) in &counts {
        println!("{name}: {count} instructions");
    }
    for finding in &findings {
        eprintln!("{finding}");
    }
    let here = counter(shell)?;
    anyhow::ensure!(
        findings.is_empty(),
        "{} of {} counts off budget (budget by {}, counted here by {here})",
        findings.len(),
        counts.len(),
        budget.counted_by,
    );
    Ok(())
}

/// The verb: the same, or the file written anew.
pub(crate) fn run(shell: &Shell, write: bool) -> anyhow::Result<()> {
    setup::install(shell, &[VALGRIND])?;
    if !write {
        return hold(shell);
    }
    let budget = Budget { counted_by: counter(shell)?, instructions: count(shell, "release")? };
    shell.write_file(FILE, serde_json::to_string_pretty(&budget)? + "\n")?;
    step(&format!("wrote {FILE}"));
    Ok(())
}

/// What the build that apps load, made small, costs in speed.
pub(crate) fn price_of_size(shell: &Shell) -> anyhow::Result<()> {
    setup::install(shell, &[VALGRIND])?;
    let quick = count(shell, "release")?;
    let _tables = shell.push_env("CFLAGS", NO_UNWIND_TABLES);
    for (name, small) in count(shell, "library")? {
        let quick = quick[&name];
        println!("{name}: {small} instructions, {quick} in `release`: {} %", small * 100 / quick);
    }
    Ok(())
}

fn counter(shell: &Shell) -> anyhow::Result<String> {
    let rustc = cmd!(shell, "rustc --version").quiet().read()?;
    let valgrind = cmd!(shell, "valgrind --version").quiet().read()?;
    let version: Vec<&str> = rustc.split_whitespace().take(2).collect();
    Ok(format!("{}, {valgrind}, {}", version.join(" "), std::env::consts::ARCH))
}

fn count(shell: &Shell, profile: &str) -> anyhow::Result<Counts> {
    cmd!(shell, "cargo build --profile {profile} -p tegata --example {EXAMPLE}").run()?;
    let program = tree::target(shell)?.join(profile).join("examples").join(EXAMPLE);
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

/// The sum that callgrind writes into its output.
fn total(output: &str) -> anyhow::Result<u64> {
    let total = output.lines().find_map(|line| line.strip_prefix("totals: "));
    let total = total.context("callgrind wrote no total")?.trim().parse()?;
    anyhow::ensure!(total > 0, "callgrind counted nothing: is the counted function still there?");
    Ok(total)
}

/// What is wrong with `counts`, a sentence each.
fn compare(budget: &Counts, counts: &Counts) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, &count) in counts {
        let Some(&limit) = budget.get(name) else {
            findings
                .push(format!("{name}: {count} instructions and no budget; `--write` adds one"));
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
    findings.extend(gone.map(|name| format!("{name}: has a budget and was not counted")));
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
    fn a_count_above_or_far_below_is_found() {
        let budget = counts(&[("qr", 1000)]);
        let above = compare(&budget, &counts(&[("qr", 1021)]));
        assert_eq!(above, ["qr: 1021 instructions, budget 1000"]);
        let below = compare(&budget, &counts(&[("qr", 899)]));
        assert!(below[0].contains("lower it"), "{below:?}");
    }

    #[test]
    fn a_count_without_a_budget_and_a_budget_without_a_count_are_found() {
        assert_eq!(compare(&counts(&[("qr", 1)]), &counts(&[("ean", 1)])).len(), 2);
    }

    #[test]
    fn the_total_is_read_from_what_callgrind_writes() {
        assert_eq!(total("events: Ir\nsummary: 12\n\ntotals: 12\n").unwrap(), 12);
        assert!(total("totals: 0\n").is_err());
        assert!(total("events: Ir\n").is_err());
    }

    #[test]
    fn the_budget_file_is_read_strictly() {
        let text = r#"{"counted_by": "rustc 1", "instructions": {"qr": 7}}"#;
        assert_eq!(serde_json::from_str::<Budget>(text).unwrap().instructions["qr"], 7);
        assert!(serde_json::from_str::<Budget>(r#"{"instructions": {}, "more": 1}"#).is_err());
    }
}
