//! The folders that packages are written to, and the error for a tool that has to be installed by hand.

use std::{fmt, path::PathBuf};

use xshell::Shell;

use crate::{bindings::Build, workspace};

/// A tool that this machine lacks and that setup does not install: wrong usage (exit code 2).
#[derive(Debug)]
pub(crate) struct MissingTool(pub(super) String);

impl fmt::Display for MissingTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MissingTool {}

/// Creates an empty folder for a package of this build.
pub(super) fn folder(shell: &Shell, build: Build, name: &str) -> anyhow::Result<PathBuf> {
    let packages = match build {
        Build::Release => "packages",
        Build::Testing => "packages-testing",
    };
    let folder = workspace::target(shell)?.join(packages).join(name);
    shell.remove_path(&folder)?;
    shell.create_dir(&folder)?;
    Ok(folder)
}
