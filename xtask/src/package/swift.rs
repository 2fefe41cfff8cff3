//! The Swift library as a package with the native library in it, and another package that depends on it.

use std::path::PathBuf;

use anyhow::Context as _;
use xshell::Shell;

use crate::{
    bindings::{self, Build},
    progress::step,
    swift::{self, Root},
};

/// A minimal program that uses the package, which it expects beside its own folder.
const EXAMPLE: &str = "ios/Example";
const RUN: &str =
    "swift run --scratch-path /mnt/build -Xlinker -L/mnt/lib --disable-sandbox --quiet";

/// Packs, builds the example against the package, and runs it.
pub(crate) fn test(shell: &Shell, build: Build) -> anyhow::Result<()> {
    let package = pack(shell, build)?;
    step("running a Swift program that depends on the package");
    let mounts = vec![
        (EXAMPLE.into(), "/mnt/Example".into()),
        (package.join("lib"), "/mnt/lib".into()),
        (package.clone(), "/mnt/Tegata".into()),
    ];
    let root = Root::new(shell, mounts, &package.with_file_name("swift-build"))?;
    let output = root.run("/mnt/Example", RUN).quiet().read();
    let printed = output.context("the program that depends on the Swift package failed")?;
    anyhow::ensure!(printed == "21 x 21, 167 x 1", "the program printed {printed}");
    step(&format!("packed in {}", package.display()));
    Ok(())
}

/// Packs the library; returns the folder of the package.
pub(crate) fn pack(shell: &Shell, build: Build) -> anyhow::Result<PathBuf> {
    let bindings = bindings::write(shell, build)?;
    step("packing the Swift library");
    let package = super::output::folder(shell, build, "swift")?.join("Tegata");
    swift::assemble(shell, &bindings, &package, &["Package.swift", "Sources"])?;
    let library = bindings::library_name();
    let folder = package.join("lib");
    shell.create_dir(&folder)?;
    shell.copy_file(bindings.join("lib").join(&library), folder.join(&library))?;
    Ok(package)
}
