//! cargo-deny: licences, sources and doubled versions of dependencies.

use std::path::PathBuf;

use xshell::{Shell, cmd};

use crate::cargo_tools;

/// Declared here and nowhere else.
const VERSION: &str = "0.20.2";

/// The path of the program, which is built first if the cache does not have it.
pub(crate) fn install(shell: &Shell) -> anyhow::Result<PathBuf> {
    cargo_tools::install(shell, "cargo-deny", VERSION)
}

/// Checks `deny.toml`. Advisories are left out: their database is a git repository, and this check has to pass where only
/// package registries can be reached. `cargo xtask check advisories` checks them; SECURITY.md says who runs it.
pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    let program = install(shell)?;
    Ok(cmd!(shell, "{program} --workspace check --hide-inclusion-graph licenses bans sources")
        .run()?)
}
