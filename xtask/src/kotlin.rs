//! Kotlin that is written by hand: its form, and what it must not do. The folders are held to it by the parts that test them.

use anyhow::Context as _;
use xshell::Shell;

use crate::{
    java::{DETEKT, KTLINT},
    tree::step,
};

const RULES: &str = "detekt.yml";

/// Holds all Kotlin below `folder` to `.editorconfig` and to `detekt.yml`.
pub(crate) fn check(shell: &Shell, folder: &str) -> anyhow::Result<()> {
    step(&format!("the Kotlin in {folder}: its form, and what detekt says"));
    let ktlint = KTLINT.call(shell)?.args(["--relative", "--log-level=error", folder]);
    let mend = format!("{} --format {folder}", KTLINT.typed(shell)?);
    ktlint.quiet().run().with_context(|| format!("it has another form; this mends it: {mend}"))?;
    let detekt =
        DETEKT.call(shell)?.args(["--config", RULES, "--base-path", ".", "--input", folder]);
    detekt.quiet().run().with_context(|| format!("this is against {RULES}"))
}
