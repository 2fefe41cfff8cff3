//! What the model of the accounts finds, printed: docs/threat-model.md.

use xshell::{Shell, cmd};

use crate::tree::step;

/// Every run within bounds, or within wider ones.
pub(crate) fn run(shell: &Shell, long: bool) -> anyhow::Result<()> {
    step("thieves against what is decided about an account");
    let long = long.then_some("--long");
    Ok(cmd!(shell, "cargo run --release -p tegata-model -- {long...}").run()?)
}
