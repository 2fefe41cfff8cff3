//! That core and bindings compile for phones: types and borrows for each target, as far as a machine without their tools can go.
//!
//! The standard library of those targets is built from source, which Debian keeps for exactly our toolchain. C code is
//! not compiled: a stand-in for the compiler makes empty objects, so nothing here says that it links.

use std::path::PathBuf;

use xshell::{Shell, cmd};

use crate::{
    bindings::WITH_ACCOUNT,
    debian,
    setup::{self, CURL},
    tree::{self, step},
};

pub(crate) const TARGETS: &[&str] = &[
    "aarch64-linux-android",
    "armv7-linux-androideabi",
    "x86_64-linux-android",
    "aarch64-apple-ios",
    "aarch64-apple-ios-sim",
];

/// What is checked: what goes into an app.
const PACKAGES: &[&str] = &["tegata", "tegata-ffi"];

/// The toolchain's own source, as Debian packs it; another toolchain is another line here.
const TOOLCHAIN: &str = "1.95.0";
const SOURCE: &str = "pool/main/r/rustc/rust-src_1.95.0+dfsg1-2~bpo13+1_all.deb";
const SHA256: &str = "7b76db5b880a77f9e52975d2baa6209d2f76d2c9c2789515c3088cb960e2c83b";

/// Makes whatever it is told to make, empty. It is told with `-o` as a compiler, by a name in `.a` as an archiver.
const STAND_IN: &str = r#"#!/bin/sh
out=
for word; do
  [ "$before" = -o ] && out=$word
  case $word in *.a) out=$word ;; esac
  before=$word
done
[ -z "$out" ] || : > "$out"
"#;

/// Checks for the targets named, or for all if none is.
pub(crate) fn run(shell: &Shell, targets: &[String]) -> anyhow::Result<()> {
    let all = TARGETS.iter().map(|&target| target.to_owned());
    let targets = if targets.is_empty() { all.collect() } else { targets.to_vec() };
    setup::install(shell, &[CURL])?;
    let library = source(shell)?;
    let tool = stand_in(shell)?;
    // Stable otherwise refuses to build a standard library.
    let _bootstrap = shell.push_env("RUSTC_BOOTSTRAP", "1");
    let _source = shell.push_env("__CARGO_TESTS_ONLY_SRC_ROOT", &library);
    // A folder that is there is enough for a compiler that looks at nothing in it.
    let _sdk = shell.push_env("SDKROOT", &library);
    let packages = PACKAGES.iter().flat_map(|package| ["--package", package]);
    let packages = &packages.collect::<Vec<_>>();
    for target in targets {
        step(&format!("checking the types for {target}"));
        let name = target.replace('-', "_");
        let _compiler = shell.push_env(format!("CC_{name}"), &tool);
        let _archiver = shell.push_env(format!("AR_{name}"), &tool);
        let build_std = "-Zbuild-std=std,panic_unwind";
        let check = cmd!(shell, "cargo check --quiet {packages...} --target {target} {build_std}");
        check.args(["--features", WITH_ACCOUNT]).run()?;
    }
    Ok(())
}

/// The folder `library` of the toolchain's source; fetched and unpacked if it is not there yet.
fn source(shell: &Shell) -> anyhow::Result<PathBuf> {
    let rustc = cmd!(shell, "rustc --version").quiet().read()?;
    anyhow::ensure!(
        rustc.split(' ').nth(1) == Some(TOOLCHAIN),
        "the source is that of {TOOLCHAIN} and the toolchain is {rustc}: see xtask/src/targets.rs"
    );
    let name = format!("rust-src-{TOOLCHAIN}");
    let what = format!("fetching the source of Rust {TOOLCHAIN}");
    let folder = tree::made_once(shell, &name, &what, |folder| {
        let room = shell.create_temp_dir()?;
        let package = room.path().join("rust-src.deb");
        let address = format!("{}/{SOURCE}", debian::mirror(shell)?);
        let fetch = "--fail --silent --show-error --location --retry 3".split(' ');
        cmd!(shell, "curl").args(fetch).arg(address).arg("-o").arg(&package).run()?;
        let sum = format!("{SHA256}  {}\n", package.display());
        cmd!(shell, "sha256sum --check --quiet --strict").stdin(sum).run()?;
        Ok(cmd!(shell, "dpkg-deb --extract {package} {folder}").run()?)
    })?;
    Ok(folder.join(format!("usr/src/rustc-{TOOLCHAIN}/library")))
}

fn stand_in(shell: &Shell) -> anyhow::Result<PathBuf> {
    let tool = tree::target(shell)?.join("no-compiler");
    shell.write_file(&tool, STAND_IN)?;
    cmd!(shell, "chmod +x {tool}").quiet().run()?;
    Ok(tool)
}
