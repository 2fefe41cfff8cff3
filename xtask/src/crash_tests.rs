//! The long form of the crash tests: docs/power-loss.md.

use xshell::{Shell, cmd};

use crate::progress::step;

/// Runs the tests of `testing/crash-tests` for longer, and prints what they saw.
pub(crate) fn run(shell: &Shell, rounds: u32) -> anyhow::Result<()> {
    step(&format!("power cuts, kill -9 and full disks, {rounds} rounds"));
    let _rounds = shell.push_env("TEGATA_STORM_ROUNDS", rounds.to_string());
    Ok(cmd!(shell, "cargo test -p tegata-crash-tests --tests -- --nocapture").run()?)
}
