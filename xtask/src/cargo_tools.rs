//! Programs that cargo installs: each is built once into the cache, in one version.

use std::path::PathBuf;

use xshell::{Shell, cmd};

use crate::{progress::step, workspace};

/// The path of a program, which is built first if the cache does not have it.
pub(crate) fn install(shell: &Shell, name: &str, version: &str) -> anyhow::Result<PathBuf> {
    // The version is in the path: a new one is a new folder, and an interrupted installation leaves no program.
    let root = workspace::cache(shell)?.join(format!("{name}-{version}"));
    let program = root.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        step(&format!("building {name} {version} (once)"));
        // Unoptimised: these programs take well under a second either way, and the build is most of the wait.
        cmd!(shell, "cargo install --locked --quiet --debug --root {root} {name}@{version}")
            .run()?;
    }
    Ok(program)
}
