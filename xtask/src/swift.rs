//! The Swift library and its tests: Swift 6 on Linux, in a root file system of a newer Debian, the first to have that compiler.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Cmd, Shell, cmd};

use crate::{
    bindings::{self, Build},
    debian, test_issuers, workspace,
};

const PACKAGE: &str = "ios";
/// Its path in that root.
const PACKAGE_IN_ROOT: &str = "/mnt/ios";
/// Shared files that its tests read: the scenarios of all languages, and fixtures.
const SHARED: &[&str] = &["bindings/scenarios.json", "core/fixtures"];
/// Everything that is written by hand.
const PARTS: &[&str] = &["Package.swift", ".swift-format", "Sources", "Tests", "Example"];
/// Lints the same with `.swift-format`.
const LINT: &str =
    "swift format lint --strict --recursive Package.swift Sources/Tegata Tests Example";
const TEST: &str = "env TEGATA_TESTED=1 swift test --scratch-path /mnt/build -Xlinker -L/mnt/lib --disable-sandbox --quiet";
/// The Debian release that has Swift 6, and the packages installed in it.
const SUITE: &str = "trixie";
const INCLUDED: &str = "swiftlang,libc6-dev,libstdc++-14-dev";
/// The module map of the C header on Linux; UniFFI writes one for Apple's systems.
const MODULE: &str =
    "module TegataFFI {\n    header \"TegataFFI.h\"\n    link \"tegata_ffi\"\n    export *\n}\n";

/// Checks the format, and runs the tests against the library built for tests.
pub(crate) fn test_library(shell: &Shell) -> anyhow::Result<()> {
    let bindings = bindings::write(shell, Build::Testing)?;
    let package = bindings.join("swift-package");
    assemble(shell, &bindings, &package, PARTS)?;
    // The package has the same path as in the workspace, so that relative paths to shared files work.
    let shared = SHARED.iter().map(|path| (PathBuf::from(path), format!("/mnt/{path}")));
    let mut mounts =
        vec![(package, PACKAGE_IN_ROOT.to_owned()), (bindings.join("lib"), "/mnt/lib".into())];
    mounts.extend(shared);
    let root = Root::new(shell, mounts, &bindings.join("swift-build"))?;
    root.run(PACKAGE_IN_ROOT, LINT)
        .run()
        .context("the Swift library is not formatted: see above")?;
    // The issuer that the scenarios need is on this machine's loopback.
    let tests = root.run_with_issuers(PACKAGE_IN_ROOT, TEST)?;
    tests.run().context("the tests of the Swift library failed")
}

/// A root file system with Swift, with folders of the workspace mounted in it.
pub(crate) struct Root<'a> {
    shell: &'a Shell,
    folder: PathBuf,
    mounts: Vec<(PathBuf, String)>,
    build: PathBuf,
}

impl<'a> Root<'a> {
    /// Mounts each folder read-only at its path, and `build`, which persists, as `/mnt/build`.
    pub(crate) fn new(
        shell: &'a Shell,
        mounts: Vec<(PathBuf, String)>,
        build: &Path,
    ) -> anyhow::Result<Self> {
        shell.create_dir(build)?;
        Ok(Self { shell, folder: root_folder(shell)?, mounts, build: build.to_owned() })
    }

    /// A command that starts in `folder`, without network access; it finds the native library in `/mnt/lib`.
    pub(crate) fn run(&self, folder: &str, command: &str) -> Cmd<'a> {
        self.bubblewrap(folder, &["--unshare-net"]).args(command.split(' '))
    }

    /// The same with this machine's network and with the variables that name the test issuers.
    fn run_with_issuers(&self, folder: &str, command: &str) -> anyhow::Result<Cmd<'a>> {
        let names = [
            test_issuers::ISSUER,
            test_issuers::MAILBOX,
            test_issuers::STOPPED,
            test_issuers::TILL,
        ];
        let mut variables = Vec::new();
        for name in names {
            variables.push(format!("{name}={}", self.shell.var(name)?));
        }
        let command_in_root = self.bubblewrap(folder, &[]).arg("env").args(variables);
        Ok(command_in_root.args(command.split(' ')))
    }

    /// Bubblewrap with the mounts and an empty environment, up to the command that is to run.
    fn bubblewrap(&self, folder: &str, options: &[&str]) -> Cmd<'a> {
        let root = &self.folder;
        let bwrap = cmd!(
            self.shell,
            "bwrap --bind {root} / --dev /dev --proc /proc --tmpfs /tmp --die-with-parent"
        );
        let bwrap = bwrap.args(options).args(["--clearenv", "--setenv", "PATH"]);
        let bwrap = bwrap.args(["/usr/bin:/bin", "--setenv", "HOME", "/tmp"]);
        let bwrap = bwrap.args(["--setenv", "LD_LIBRARY_PATH", "/mnt/lib", "--tmpfs", "/mnt"]);
        let mounts = self.mounts.iter();
        let bwrap =
            mounts.fold(bwrap, |bwrap, (from, to)| bwrap.arg("--ro-bind").arg(from).arg(to));
        let bwrap = bwrap.arg("--bind").arg(&self.build).arg("/mnt/build");
        bwrap.args(["--chdir", folder])
    }
}

/// Lays out the package as Swift builds it: the named parts of the hand-written sources, and the generated ones.
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

/// The folder of the root file system, which takes about 2 GB, and some minutes to install.
fn root_folder(shell: &Shell) -> anyhow::Result<PathBuf> {
    let name = format!("swift-{SUITE}");
    workspace::build_once(
        shell,
        &name,
        "installing Swift 6 into a root file system of its own",
        |root| {
            let mirror = debian::mirror(shell)?;
            let make = cmd!(shell, "mmdebstrap --quiet --variant=apt --include={INCLUDED}");
            Ok(make.arg(SUITE).arg(root).arg(mirror).run()?)
        },
    )
}
