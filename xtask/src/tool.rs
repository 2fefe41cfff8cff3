//! Programs that cargo installs, each built once into the cache and held to one version.

use std::path::PathBuf;

use xshell::{Shell, cmd};

use crate::tree::{self, step};

/// Where the program is; built if it is not there yet.
pub(crate) fn program(shell: &Shell, name: &str, version: &str) -> anyhow::Result<PathBuf> {
    // The version is in the path: a new one is a new folder, and an interrupted installation leaves no program.
    let root = tree::cache(shell)?.join(format!("{name}-{version}"));
    let program = root.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        step(&format!("building {name} {version} (once)"));
        // Unoptimised: what we call so takes well under a second to run either way, and the build is most of the wait.
        cmd!(shell, "cargo install --locked --quiet --debug --root {root} {name}@{version}")
            .run()?;
    }
    Ok(program)
}
