//! The size of the stripped library against the budget in bindings/size.json, and the rules for loading it.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use serde::Deserialize;
use xshell::Shell;

use crate::{
    bindings,
    elf::{self, Loader},
    progress::step,
    symbols::{self, Binutils},
};

const FILE: &str = "bindings/size.json";

/// A size that is this far below its budget, in per cent, is an error too: the budget is to be lowered before the slack is
/// used up.
const BELOW: u64 = 10;

/// The budget file: a budget for the library of this machine, and one for each target of phones, with the account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    x86_64: Limits,
    linked: BTreeMap<String, u64>,
}

/// The most bytes of the stripped library: without features, and with the account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    default: u64,
    account: u64,
}

/// Builds the library that ships, once for each limit, and compares the size of a stripped copy.
pub(crate) fn check(shell: &Shell) -> anyhow::Result<()> {
    anyhow::ensure!(cfg!(target_arch = "x86_64"), "{FILE} has no budget for this processor");
    let budget = read(shell)?;
    let mut over = Vec::new();
    let Limits { default, account } = budget.x86_64;
    // The build that ships comes last, so that it stays in target/library.
    for (line, features, most) in [("default", "", default), ("account", "account", account)] {
        step(&format!("building the library: {line}"));
        let bytes = stripped_size(shell, features)?;
        println!("stripped library, {line}: {bytes} of {most} bytes");
        over.extend(compare(bytes, most).err().map(|error| format!("{line}: {error}")));
    }
    anyhow::ensure!(over.is_empty(), "{}", over.join("; "));
    Ok(())
}

/// Builds, strips and checks the library; returns its size in bytes.
fn stripped_size(shell: &Shell, features: &str) -> anyhow::Result<u64> {
    let library = bindings::release_library(shell, features)?;
    let temporary = shell.create_temp_dir()?;
    let stripped = temporary.path().join(bindings::library_name());
    shell.copy_file(&library, &stripped)?;
    symbols::separate(shell, &stripped, Binutils::Host)?;
    elf::check(&stripped, Loader::Host)?;
    symbols::check_line(shell, &stripped, Binutils::Host)?;
    size(&stripped)
}

/// Compares the size of a stripped library that was linked for a phone with its budget.
pub(crate) fn check_linked(shell: &Shell, target: &str, library: &Path) -> anyhow::Result<()> {
    let budget = read(shell)?;
    let most =
        budget.linked.get(target).with_context(|| format!("{FILE}: nothing for {target}"))?;
    let bytes = size(library)?;
    println!("stripped library, {target}: {bytes} of {most} bytes");
    compare(bytes, *most).with_context(|| target.to_owned())
}

fn read(shell: &Shell) -> anyhow::Result<Budget> {
    serde_json::from_str(&shell.read_file(FILE)?).context(FILE)
}

/// Checks a library that was built for Android elsewhere.
pub(crate) fn check_android(library: &Path) -> anyhow::Result<()> {
    elf::check(library, Loader::Android)?;
    println!("Android can load it: {} bytes", size(library)?);
    Ok(())
}

fn size(file: &Path) -> anyhow::Result<u64> {
    Ok(std::fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?.len())
}

fn compare(bytes: u64, budget: u64) -> anyhow::Result<()> {
    anyhow::ensure!(bytes <= budget, "the library is {} bytes over its budget", bytes - budget);
    let is_far_below = (budget - bytes) * 100 >= budget * BELOW;
    anyhow::ensure!(!is_far_below, "the library is far below its budget: lower it in {FILE}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_above_and_far_below_the_budget_fail() {
        assert!(compare(1000, 1000).is_ok());
        assert!(compare(901, 1000).is_ok());
        assert!(compare(1001, 1000).unwrap_err().to_string().contains("1 bytes over"));
        assert!(compare(900, 1000).unwrap_err().to_string().contains("lower it"));
        assert!(compare(0, 1000).is_err());
    }
}
