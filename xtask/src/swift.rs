//! The Swift library and its tests: Swift 6 on Linux, in a Debian of its own, since no older one has that compiler.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{
    bindings::{self, Build},
    debian, tree,
};

const PACKAGE: &str = "bindings/swift";
/// Where that is in the other Debian.
const INSIDE: &str = "/mnt/bindings/swift";
/// What its tests read besides: the steps that all languages run, and the files these open.
const SHARED: &[&str] = &["bindings/scenarios.json", "core/fixtures"];
/// What is written by hand, held to `.swift-format`.
const LINT: &str = "swift format lint --strict --recursive Package.swift Sources/Tegata Tests";
const TEST: &str =
    "swift test --scratch-path /mnt/build -Xlinker -L/mnt/lib --disable-sandbox --quiet";
/// The Debian that has Swift 6, and what is installed in it.
const SUITE: &str = "trixie";
const INCLUDED: &str = "swiftlang,libc6-dev,libstdc++-14-dev";
/// What `swift package` reads as the header's module; UniFFI's own is for Apple's systems.
const MODULE: &str =
    "module TegataFFI {\n    header \"TegataFFI.h\"\n    link \"tegata_ffi\"\n    export *\n}\n";

/// Checks the format, compiles the library against the one built for tests, and runs its tests.
pub(crate) fn test_library(shell: &Shell) -> anyhow::Result<()> {
    let root = root(shell)?;
    let bindings = bindings::write(shell, Build::Testing)?;
    let package = assemble(shell, &bindings)?;
    let build = bindings.join("swift-build");
    shell.create_dir(&build)?;
    let library = bindings.join("lib");
    let inside = |command: &str| {
        let inside = cmd!(
            shell,
            "bwrap --bind {root} / --dev /dev --proc /proc --tmpfs /tmp --die-with-parent"
        );
        let inside = inside.args(["--unshare-net", "--clearenv", "--setenv", "PATH"]);
        let inside = inside.args(["/usr/bin:/bin", "--setenv", "HOME", "/tmp"]);
        let inside = inside.args(["--setenv", "LD_LIBRARY_PATH", "/mnt/lib"]);
        // The package stands where it does in the tree, so that tests find what all languages share from their place.
        let inside = inside.args(["--tmpfs", "/mnt", "--ro-bind"]).arg(&package).arg(INSIDE);
        let inside = SHARED.iter().fold(inside, |inside, path| {
            inside.args(["--ro-bind", path]).arg(format!("/mnt/{path}"))
        });
        let inside = inside.arg("--ro-bind").arg(&library).arg("/mnt/lib");
        let inside = inside.arg("--bind").arg(&build).arg("/mnt/build").args(["--chdir", INSIDE]);
        inside.args(command.split(' '))
    };
    inside(LINT).run().context("the Swift library is not formatted: see the lines above")?;
    inside(TEST).run().context("the tests of the Swift library failed")
}

/// The package as Swift builds it: what is written by hand and what is generated, in one folder.
fn assemble(shell: &Shell, bindings: &Path) -> anyhow::Result<PathBuf> {
    let package = bindings.join("swift-package");
    shell.remove_path(&package)?;
    shell.create_dir(&package)?;
    for part in ["Package.swift", ".swift-format", "Sources", "Tests"] {
        let from = Path::new(PACKAGE).join(part);
        cmd!(shell, "cp -R {from} {package}").quiet().run()?;
    }
    let header = package.join("Sources/TegataFFI");
    let generated = package.join("Sources/TegataGenerated");
    let from = bindings.join("swift");
    shell.write_file(header.join("module.modulemap"), MODULE)?;
    shell.copy_file(from.join("TegataFFI.h"), header.join("TegataFFI.h"))?;
    shell.create_dir(&generated)?;
    shell.copy_file(from.join("TegataGenerated.swift"), generated.join("TegataGenerated.swift"))?;
    Ok(package)
}

/// A folder with a whole Debian in it, made once: about 2 GB, some minutes.
fn root(shell: &Shell) -> anyhow::Result<PathBuf> {
    let name = format!("swift-{SUITE}");
    tree::made_once(shell, &name, "installing Swift 6 in a root of its own", |root| {
        let mirror = debian::mirror(shell)?;
        let make = cmd!(shell, "mmdebstrap --quiet --variant=apt --include={INCLUDED}");
        Ok(make.arg(SUITE).arg(root).arg(mirror).run()?)
    })
}
