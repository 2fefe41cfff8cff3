//! Format and rules of the Kotlin that is written by hand, as ktlint and detekt check them.

use anyhow::Context as _;
use xshell::Shell;

use crate::{
    java_tools::{DETEKT, KTLINT},
    progress::step,
};

const RULES: &str = "detekt.yml";

/// Checks all Kotlin below `folder` against `.editorconfig` and `detekt.yml`.
pub(crate) fn check(shell: &Shell, folder: &str) -> anyhow::Result<()> {
    step(&format!("checking the Kotlin in {folder}: ktlint, detekt"));
    let ktlint = KTLINT.command(shell)?.args(["--relative", "--log-level=error", folder]);
    let fix = format!("{} --format {folder}", KTLINT.command_line(shell)?);
    ktlint
        .quiet()
        .run()
        .with_context(|| format!("the format is wrong; this corrects it: {fix}"))?;
    let detekt =
        DETEKT.command(shell)?.args(["--config", RULES, "--base-path", ".", "--input", folder]);
    detekt.quiet().run().with_context(|| format!("a rule of {RULES} is broken"))
}
