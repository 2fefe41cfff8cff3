//! cargo-deny, built once into the cache and held to one version.

use xshell::{Shell, cmd};

use crate::tree::{self, step};

/// The one place for its version.
const VERSION: &str = "0.20.2";

/// Checks `deny.toml`. Advisories are left out: their database is a git repository, and this has to pass where only
/// package registries can be reached. docs/verified.md says who runs them.
pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    // The version is in the path: a new one is a new folder, and an interrupted installation leaves no program.
    let root = tree::cache(shell)?.join(format!("cargo-deny-{VERSION}"));
    let program = root.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        step(&format!("building cargo-deny {VERSION} (once)"));
        // Unoptimised: it takes well under a second to run either way, and the build is most of the wait.
        cmd!(shell, "cargo install --locked --quiet --debug --root {root} cargo-deny@{VERSION}")
            .run()?;
    }
    Ok(cmd!(shell, "{program} --workspace check --hide-inclusion-graph licenses bans sources")
        .run()?)
}
