//! cargo-deny: what may enter the tree.

use xshell::{Shell, cmd};

use crate::tool;

/// The one place for its version.
const VERSION: &str = "0.20.2";

/// Checks `deny.toml`. Advisories are left out: their database is a git repository, and this has to pass where only
/// package registries can be reached. docs/verified.md says who runs them.
pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    let program = tool::program(shell, "cargo-deny", VERSION)?;
    Ok(cmd!(shell, "{program} --workspace check --hide-inclusion-graph licenses bans sources")
        .run()?)
}
