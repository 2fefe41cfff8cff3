//! Packages that an app depends on, each tested outside of the workspace.
//!
//! `cargo xtask package` packs the build that ships. The tests pack the library built for tests in the same way, which is
//! quicker to build.

mod android;
mod apple;
pub(crate) mod kotlin;
mod output;
pub(crate) mod python;
pub(crate) mod swift;

use clap::ValueEnum;
use xshell::Shell;

use crate::{bindings::Build, python as interpreter, setup};

pub(crate) use self::output::MissingTool;

/// The language or platform that a package is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PackageKind {
    /// A wheel.
    Python,
    /// A jar, its sources and its documentation.
    Kotlin,
    /// A Swift package for Linux.
    Swift,
    /// An AAR; its native libraries need an NDK.
    Android,
    /// An `XCFramework`; needs Xcode.
    Ios,
}

pub(crate) fn run(shell: &Shell, kind: PackageKind) -> anyhow::Result<()> {
    match kind {
        PackageKind::Python => {
            setup::install(shell, &[setup::PYTHON])?;
            interpreter::environment(shell)?;
            python::test(shell, Build::Release)
        }
        PackageKind::Kotlin => {
            setup::install(shell, &[setup::JDK, setup::MAVEN])?;
            kotlin::test(shell, Build::Release)
        }
        PackageKind::Swift => {
            setup::install(shell, &[setup::BUBBLEWRAP, setup::MMDEBSTRAP])?;
            swift::test(shell, Build::Release)
        }
        PackageKind::Android => {
            setup::install(shell, &[setup::AAPT, setup::FRAMEWORK, setup::JDK, setup::MAVEN])?;
            android::run(shell)
        }
        PackageKind::Ios => apple::run(shell),
    }
}
