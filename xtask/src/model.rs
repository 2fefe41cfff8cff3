//! The recovery model, with what it finds printed: docs/threat-model.md.

use xshell::{Shell, cmd};

use crate::progress::step;

/// Runs the model within its usual bounds, or within wider ones.
pub(crate) fn run(shell: &Shell, long: bool) -> anyhow::Result<()> {
    step("searching the recovery model");
    let long = long.then_some("--long");
    Ok(cmd!(shell, "cargo run --release -p tegata-model -- {long...}").run()?)
}
