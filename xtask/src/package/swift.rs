//! A Swift package with the library beside its sources, and another package that depends on it.

use std::path::PathBuf;

use anyhow::Context as _;
use xshell::Shell;

use crate::{
    bindings::{self, Build},
    swift::{self, Root},
    tree::step,
};

/// A shop's program, as short as it gets; it looks for the package beside its own folder.
const EXAMPLE: &str = "bindings/swift/Example";
const RUN: &str =
    "swift run --scratch-path /mnt/build -Xlinker -L/mnt/lib --disable-sandbox --quiet";

/// Packs, builds the example against what was packed, and runs it.
pub(crate) fn try_out(shell: &Shell, build: Build) -> anyhow::Result<()> {
    let package = pack(shell, build)?;
    step("running a Swift program that depends on the package");
    let places = vec![
        (EXAMPLE.into(), "/mnt/Example".into()),
        (package.join("lib"), "/mnt/lib".into()),
        (package.clone(), "/mnt/Tegata".into()),
    ];
    let root = Root::new(shell, places, &package.with_file_name("swift-build"))?;
    let printed = root.run("/mnt/Example", RUN).quiet().read();
    let printed = printed.context("a program that depends on the Swift package does not run")?;
    anyhow::ensure!(printed == "21 x 21, 167 x 1", "the program printed {printed}");
    step(&format!("packed in {}", package.display()));
    Ok(())
}

pub(crate) fn pack(shell: &Shell, build: Build) -> anyhow::Result<PathBuf> {
    let bindings = bindings::write(shell, build)?;
    step("packing the Swift library");
    let package = super::folder(shell, build, "swift")?.join("Tegata");
    swift::assemble(shell, &bindings, &package, &["Package.swift", "Sources"])?;
    let library = bindings::library_name();
    let folder = package.join("lib");
    shell.create_dir(&folder)?;
    shell.copy_file(bindings.join("lib").join(&library), folder.join(&library))?;
    Ok(package)
}
