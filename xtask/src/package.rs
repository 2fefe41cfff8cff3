//! Packages: what an app depends on, made, installed where the tree is not, and used there.
//!
//! `cargo xtask package` makes them of the build that ships. The tests make them of the library built for tests, which is
//! quicker to have and packs the same.

mod android;
mod apple;
pub(crate) mod kotlin;
pub(crate) mod python;
pub(crate) mod swift;

use std::{fmt, path::PathBuf};

use clap::ValueEnum;
use xshell::Shell;

use crate::{bindings::Build, issuer, python as interpreter, setup, tree};

pub(crate) use self::{
    kotlin::try_out as try_kotlin, python::try_out as try_python, swift::try_out as try_swift,
};

/// Whom a package is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// A wheel.
    Python,
    /// A jar, its sources and its pages.
    Kotlin,
    /// A Swift package for Linux.
    Swift,
    /// An AAR; the libraries in it need an NDK.
    Android,
    /// An `XCFramework`. Needs Xcode.
    Ios,
}

/// Something that this machine does not have and we do not install: wrong usage, rather than a no.
#[derive(Debug)]
pub(crate) struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

pub(crate) fn run(shell: &Shell, kind: Kind) -> anyhow::Result<()> {
    match kind {
        Kind::Python => {
            setup::install(shell, &[setup::PYTHON])?;
            interpreter::environment(shell)?;
            issuer::beside(shell, |shell| python::try_out(shell, Build::Release))
        }
        Kind::Kotlin => {
            setup::install(shell, &[setup::JDK, setup::MAVEN])?;
            kotlin::try_out(shell, Build::Release)
        }
        Kind::Swift => {
            setup::install(shell, &[setup::BUBBLEWRAP, setup::MMDEBSTRAP])?;
            swift::try_out(shell, Build::Release)
        }
        Kind::Android => {
            setup::install(shell, &[setup::AAPT, setup::FRAMEWORK, setup::JDK, setup::MAVEN])?;
            android::run(shell)
        }
        Kind::Ios => apple::run(shell),
    }
}

/// An empty folder for a package of this build.
fn folder(shell: &Shell, build: Build, name: &str) -> anyhow::Result<PathBuf> {
    let packages = match build {
        Build::Release => "packages",
        Build::Testing => "packages-testing",
    };
    let folder = tree::target(shell)?.join(packages).join(name);
    shell.remove_path(&folder)?;
    shell.create_dir(&folder)?;
    Ok(folder)
}
