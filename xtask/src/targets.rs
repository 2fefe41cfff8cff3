//! Checks that core and bindings compile for phones: types and borrows, on a machine without the phones' toolchains.
//!
//! The standard library of those targets is built from source, which Debian packs for exactly our toolchain. C code is not
//! compiled: a stub compiler writes empty objects. `cargo xtask link` compiles it, and links.

use std::path::PathBuf;

use xshell::{PushEnv, Shell, cmd};

use crate::{
    bindings::WITH_ACCOUNT,
    debian,
    progress::step,
    setup::{self, CURL},
    workspace,
};

pub(crate) const TARGETS: &[&str] = &[
    "aarch64-linux-android",
    "armv7-linux-androideabi",
    "x86_64-linux-android",
    "aarch64-apple-ios",
    "aarch64-apple-ios-sim",
];

/// The packages that go into an app.
const PACKAGES: &[&str] = &["tegata", "tegata-ffi"];

/// The toolchain and Debian's package of its source, which change together.
const TOOLCHAIN: &str = "1.95.0";
const SOURCE: &str = "pool/main/r/rustc/rust-src_1.95.0+dfsg1-2~bpo13+1_all.deb";
const SHA256: &str = "7b76db5b880a77f9e52975d2baa6209d2f76d2c9c2789515c3088cb960e2c83b";

/// A compiler and archiver that writes an empty output: the argument after `-o`, or the one that ends in `.a`.
const STUB_COMPILER: &str = r#"#!/bin/sh
out=
for word; do
  [ "$before" = -o ] && out=$word
  case $word in *.a) out=$word ;; esac
  before=$word
done
[ -z "$out" ] || : > "$out"
"#;

/// Checks for the targets, or for all of them if none is given.
pub(crate) fn run(shell: &Shell, targets: &[String]) -> anyhow::Result<()> {
    let all = TARGETS.iter().map(|&target| target.to_owned());
    let targets = if targets.is_empty() { all.collect() } else { targets.to_vec() };
    setup::install(shell, &[CURL])?;
    let tool = stub_compiler(shell)?;
    let _std = build_std(shell)?;
    // Build scripts want a folder that exists; the stub reads nothing in it.
    let _sdk = shell.push_env("SDKROOT", shell.current_dir());
    let packages: &Vec<&str> =
        &PACKAGES.iter().flat_map(|&package| ["--package", package]).collect();
    for target in targets {
        step(&format!("checking types for {target}"));
        let name = target.replace('-', "_");
        let _compiler = shell.push_env(format!("CC_{name}"), &tool);
        let _archiver = shell.push_env(format!("AR_{name}"), &tool);
        let check = cmd!(shell, "cargo check --quiet {packages...} --target {target}");
        check.args(["--features", WITH_ACCOUNT]).run()?;
    }
    Ok(())
}

/// Has cargo build the standard library from source, for a target that no toolchain here has one for.
pub(crate) fn build_std(shell: &Shell) -> anyhow::Result<[PushEnv<'_>; 3]> {
    let source = source(shell)?;
    Ok([
        shell.push_env("CARGO_UNSTABLE_BUILD_STD", "std,panic_unwind"),
        // Without it a stable toolchain refuses to build a standard library.
        shell.push_env("RUSTC_BOOTSTRAP", "1"),
        shell.push_env("__CARGO_TESTS_ONLY_SRC_ROOT", source),
    ])
}

/// Has cargo build in a folder of its own: build scripts that look at `RUSTC_BOOTSTRAP` would have it build all others anew.
pub(crate) fn separate_folder(shell: &Shell) -> anyhow::Result<PushEnv<'_>> {
    Ok(shell.push_env("CARGO_TARGET_DIR", workspace::target(shell)?.join("linked")))
}

/// The folder `library` of the toolchain's source, which is fetched first if the cache does not have it.
fn source(shell: &Shell) -> anyhow::Result<PathBuf> {
    let rustc = cmd!(shell, "rustc --version").quiet().read()?;
    anyhow::ensure!(
        rustc.split(' ').nth(1) == Some(TOOLCHAIN),
        "the toolchain is {rustc}, and the source is that of {TOOLCHAIN}: see xtask/src/targets.rs"
    );
    let name = format!("rust-src-{TOOLCHAIN}");
    let what = format!("fetching the source of Rust {TOOLCHAIN}");
    let folder = workspace::build_once(shell, &name, &what, |folder| {
        let temporary = shell.create_temp_dir()?;
        let package = temporary.path().join("rust-src.deb");
        let address = format!("{}/{SOURCE}", debian::mirror(shell)?);
        let fetch = "--fail --silent --show-error --location --retry 3".split(' ');
        cmd!(shell, "curl").args(fetch).arg(address).arg("-o").arg(&package).run()?;
        let sum = format!("{SHA256}  {}\n", package.display());
        cmd!(shell, "sha256sum --check --quiet --strict").stdin(sum).run()?;
        Ok(cmd!(shell, "dpkg-deb --extract {package} {folder}").run()?)
    })?;
    Ok(folder.join(format!("usr/src/rustc-{TOOLCHAIN}/library")))
}

fn stub_compiler(shell: &Shell) -> anyhow::Result<PathBuf> {
    let tool = workspace::target(shell)?.join("stub-compiler");
    shell.write_file(&tool, STUB_COMPILER)?;
    cmd!(shell, "chmod +x {tool}").quiet().run()?;
    Ok(tool)
}
