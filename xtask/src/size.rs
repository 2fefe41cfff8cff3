//! The size of the stripped library, held to bindings/size.json, and what else a loader minds.

use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use xshell::Shell;

use crate::{
    bindings,
    elf::{self, Loader},
    symbols,
    tree::step,
};

const FILE: &str = "bindings/size.json";

/// A size this far below its budget, in per cent, asks for the budget to be lowered: room that nobody sees gets used
/// up.
const BELOW: u64 = 10;

/// What a crash report would name: a line of our own has to be told for it.
const SOME_FUNCTION: &str = "uniffi_tegata_ffi_fn_method_payments_next_code";

/// The budget file, by processor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    x86_64: Lines,
}

/// The most bytes that the stripped shared library may have: without any feature, and with each.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lines {
    default: u64,
    account: u64,
}

/// Builds the library as apps get it, once for each line of the budget, strips a copy and compares.
pub(crate) fn hold(shell: &Shell) -> anyhow::Result<()> {
    anyhow::ensure!(cfg!(target_arch = "x86_64"), "{FILE} has no budget for this processor");
    let budget: Budget = serde_json::from_str(&shell.read_file(FILE)?).context(FILE)?;
    let mut over = Vec::new();
    let Lines { default, account } = budget.x86_64;
    // What ships is built last: it is what stays in target/library.
    for (line, features, most) in [("default", "", default), ("account", "account", account)] {
        step(&format!("building the library: {line}"));
        let bytes = stripped(shell, features)?;
        println!("stripped library, {line}: {bytes} of {most} bytes");
        over.extend(judge(bytes, most).err().map(|no| format!("{line}: {no}")));
    }
    anyhow::ensure!(over.is_empty(), "{}", over.join("; "));
    Ok(())
}

/// How many bytes it has stripped, once it was looked at as a loader does.
fn stripped(shell: &Shell, features: &str) -> anyhow::Result<u64> {
    let library = bindings::shipped(shell, features)?;
    let room = shell.create_temp_dir()?;
    let stripped = room.path().join(bindings::library_name());
    shell.copy_file(&library, &stripped)?;
    symbols::separate(shell, &stripped)?;
    elf::check(&stripped, Loader::Host)?;
    let line = symbols::line_of(shell, &stripped, SOME_FUNCTION)?;
    anyhow::ensure!(line.contains("bindings/src/"), "{SOME_FUNCTION} is said to be at {line}");
    size(&stripped)
}

/// Looks at a library that was built for Android elsewhere.
pub(crate) fn look_at_android(library: &Path) -> anyhow::Result<()> {
    elf::check(library, Loader::Android)?;
    println!("an Android may load it: {} bytes", size(library)?);
    Ok(())
}

fn size(file: &Path) -> anyhow::Result<u64> {
    Ok(std::fs::metadata(file).with_context(|| format!("cannot see {}", file.display()))?.len())
}

fn judge(bytes: u64, budget: u64) -> anyhow::Result<()> {
    anyhow::ensure!(bytes <= budget, "the library is {} bytes over its budget", bytes - budget);
    let room = (budget - bytes) * 100 >= budget * BELOW;
    anyhow::ensure!(!room, "the library is far below its budget: lower it in {FILE}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_budget_and_far_less_are_both_told() {
        assert!(judge(1000, 1000).is_ok());
        assert!(judge(901, 1000).is_ok());
        assert!(judge(1001, 1000).unwrap_err().to_string().contains("1 bytes over"));
        assert!(judge(900, 1000).unwrap_err().to_string().contains("lower it"));
        assert!(judge(0, 1000).is_err());
    }
}
