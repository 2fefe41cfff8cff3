//! cargo-deny: licences, sources and doubled versions of dependencies.

use xshell::{Shell, cmd};

use crate::cargo_tools;

/// Declared here and nowhere else.
const VERSION: &str = "0.20.2";

/// Checks `deny.toml`. Advisories are left out: their database is a git repository, and this check has to pass where only
/// package registries can be reached. docs/verified.md says who checks them.
pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    let program = cargo_tools::install(shell, "cargo-deny", VERSION)?;
    Ok(cmd!(shell, "{program} --workspace check --hide-inclusion-graph licenses bans sources")
        .run()?)
}
