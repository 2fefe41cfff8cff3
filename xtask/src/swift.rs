//! The Swift library and its tests: Swift 6 on Linux, in a Debian of its own, since no older one has that compiler.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Cmd, Shell, cmd};

use crate::{
    bindings::{self, Build},
    debian, issuer, package, tree,
};

const PACKAGE: &str = "bindings/swift";
/// Where that is in the other Debian.
const INSIDE: &str = "/mnt/bindings/swift";
/// What its tests read besides: the steps that all languages run, and the files these open.
const SHARED: &[&str] = &["bindings/scenarios.json", "core/fixtures"];
/// What is written by hand, all of it.
const PARTS: &[&str] = &["Package.swift", ".swift-format", "Sources", "Tests", "Example"];
/// The same, held to `.swift-format`.
const LINT: &str =
    "swift format lint --strict --recursive Package.swift Sources/Tegata Tests Example";
const TEST: &str = "env TEGATA_TESTED=1 swift test --scratch-path /mnt/build -Xlinker -L/mnt/lib --disable-sandbox --quiet";
/// The Debian that has Swift 6, and what is installed in it.
const SUITE: &str = "trixie";
const INCLUDED: &str = "swiftlang,libc6-dev,libstdc++-14-dev";
/// What `swift package` reads as the header's module; UniFFI's own is for Apple's systems.
const MODULE: &str =
    "module TegataFFI {\n    header \"TegataFFI.h\"\n    link \"tegata_ffi\"\n    export *\n}\n";

/// Checks the format, compiles the library against the one built for tests, runs its tests, and tries the package.
pub(crate) fn test_library(shell: &Shell) -> anyhow::Result<()> {
    let bindings = bindings::write(shell, Build::Testing)?;
    let package = bindings.join("swift-package");
    assemble(shell, &bindings, &package, PARTS)?;
    // The package stands where it does in the tree, so that tests find what all languages share from their place.
    let shared = SHARED.iter().map(|path| (PathBuf::from(path), format!("/mnt/{path}")));
    let mut places = vec![(package, INSIDE.to_owned()), (bindings.join("lib"), "/mnt/lib".into())];
    places.extend(shared);
    let root = Root::new(shell, places, &bindings.join("swift-build"))?;
    root.run(INSIDE, LINT).run().context("the Swift library is not formatted: see above")?;
    // The issuer that its scenarios need is on this machine's loopback.
    root.beside_issuer(INSIDE, TEST)?.run().context("the tests of the Swift library failed")?;
    package::try_swift(shell, Build::Testing)
}

/// The Debian that has Swift, and what of ours can be seen in it.
pub(crate) struct Root<'a> {
    shell: &'a Shell,
    folder: PathBuf,
    places: Vec<(PathBuf, String)>,
    build: PathBuf,
}

impl<'a> Root<'a> {
    /// `places` can be read where it is told; `build` is kept, and written to as `/mnt/build`.
    pub(crate) fn new(
        shell: &'a Shell,
        places: Vec<(PathBuf, String)>,
        build: &Path,
    ) -> anyhow::Result<Self> {
        shell.create_dir(build)?;
        Ok(Self { shell, folder: root(shell)?, places, build: build.to_owned() })
    }

    /// A command that starts in `folder`, without a network. It finds our library in `/mnt/lib`.
    pub(crate) fn run(&self, folder: &str, command: &str) -> Cmd<'a> {
        self.inside(folder, &["--unshare-net"]).args(command.split(' '))
    }

    /// The same with this machine's network, and told where the issuers are.
    fn beside_issuer(&self, folder: &str, command: &str) -> anyhow::Result<Cmd<'a>> {
        let inside = self.inside(folder, &[]).arg("env");
        let names = [issuer::ISSUER, issuer::MAILBOX, issuer::STOPPED, issuer::TILL];
        let told = names.map(|name| Ok(format!("{name}={}", self.shell.var(name)?)));
        let told = told.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        Ok(inside.args(told).args(command.split(' ')))
    }

    fn inside(&self, folder: &str, more: &[&str]) -> Cmd<'a> {
        let root = &self.folder;
        let inside = cmd!(
            self.shell,
            "bwrap --bind {root} / --dev /dev --proc /proc --tmpfs /tmp --die-with-parent"
        );
        let inside = inside.args(more).args(["--clearenv", "--setenv", "PATH"]);
        let inside = inside.args(["/usr/bin:/bin", "--setenv", "HOME", "/tmp"]);
        let inside = inside.args(["--setenv", "LD_LIBRARY_PATH", "/mnt/lib", "--tmpfs", "/mnt"]);
        let inside = self
            .places
            .iter()
            .fold(inside, |inside, (from, to)| inside.arg("--ro-bind").arg(from).arg(to));
        let inside = inside.arg("--bind").arg(&self.build).arg("/mnt/build");
        inside.args(["--chdir", folder])
    }
}

/// The package as Swift builds it: the parts named of what is written by hand, and what is generated, in one folder.
pub(crate) fn assemble(
    shell: &Shell,
    bindings: &Path,
    package: &Path,
    parts: &[&str],
) -> anyhow::Result<()> {
    shell.remove_path(package)?;
    shell.create_dir(package)?;
    for part in parts {
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
    Ok(())
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
