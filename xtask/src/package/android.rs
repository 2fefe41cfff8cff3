//! An AAR with the libraries for Android in it, linked with an NDK: one for each kind of processor.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use super::Missing;
use crate::{
    android::{self, aar},
    bindings::{self, Build},
    elf::{self, Loader},
    tree::step,
};

/// Where an NDK is; the name that its own tools and Gradle know.
const NDK: &str = "ANDROID_NDK_HOME";

/// The oldest Android that we link for: 8.0, the first whose keystore all devices have in hardware.
const API: u32 = 26;

/// One kind of processor.
#[derive(Clone, Copy, Debug)]
struct Target {
    rust: &'static str,
    /// What the NDK's compiler calls it.
    clang: &'static str,
    /// The folder in an Android library.
    folder: &'static str,
}

const TARGETS: &[Target] = &[
    Target { rust: "aarch64-linux-android", clang: "aarch64-linux-android", folder: "arm64-v8a" },
    Target {
        rust: "armv7-linux-androideabi",
        clang: "armv7a-linux-androideabi",
        folder: "armeabi-v7a",
    },
    Target { rust: "x86_64-linux-android", clang: "x86_64-linux-android", folder: "x86_64" },
];

/// Where Gradle looks for libraries in a tree of sources.
const NATIVES: &str = "jniLibs";
/// The name of what is packed, and of what lacks its half: nobody should take the one for the other.
const AAR: &str = "tegata.aar";
const WITHOUT: &str = "tegata-without-libraries.aar";

/// Compiles, links a library for each processor and checks and strips it, and packs all of it. Without an NDK what can be
/// made is made, under another name, and refused.
pub(super) fn run(shell: &Shell) -> anyhow::Result<()> {
    let bindings = bindings::write(shell, Build::Release)?;
    let folder = super::folder(shell, Build::Release, "android")?;
    let built = android::compile(shell, &bindings)?;
    let Ok(ndk) = shell.var(NDK) else {
        let (targets, without): (Vec<&str>, _) =
            (TARGETS.iter().map(|target| target.rust).collect(), folder.join(WITHOUT));
        aar::pack(shell, &built, None, &without)?;
        aar::check(shell, &without, &[])?;
        let (list, packed) = (targets.join(", "), without.display());
        return Err(Missing(format!(
            "{NDK} names no NDK, with which to link for {list}: {packed} has no library for any phone in it"
        ))
        .into());
    };
    for target in TARGETS {
        build(shell, Path::new(&ndk), target, &folder)?;
    }
    let (natives, packed) = (folder.join(NATIVES), folder.join(AAR));
    aar::pack(shell, &built, Some(&natives), &packed)?;
    aar::check(shell, &packed, &TARGETS.iter().map(|target| target.folder).collect::<Vec<_>>())?;
    step(&format!("packed in {}", packed.display()));
    Ok(())
}

fn build(shell: &Shell, ndk: &Path, target: &Target, folder: &Path) -> anyhow::Result<()> {
    step(&format!("linking for {}", target.rust));
    let variables = variables(ndk, target);
    let _variables: Vec<_> =
        variables.into_iter().map(|(name, value)| shell.push_env(name, value)).collect();
    let built = bindings::library_for(shell, target.rust)?;
    let library = folder.join(NATIVES).join(target.folder).join("libtegata_ffi.so");
    shell.create_dir(library.parent().context("a library without a folder")?)?;
    let strip = tools(ndk).join("llvm-strip");
    cmd!(shell, "{strip} --strip-unneeded -o {library} {built}").quiet().run()?;
    elf::check(&library, Loader::Android)
}

/// What cargo and the build scripts of C code are told. Flags for pages of 16 KiB stand in `.cargo/config.toml`, which
/// holds for whoever builds.
fn variables(ndk: &Path, target: &Target) -> Vec<(String, PathBuf)> {
    let tools = tools(ndk);
    let compiler = tools.join(format!("{}{API}-clang", target.clang));
    let lower = target.rust.replace('-', "_");
    vec![
        (format!("CARGO_TARGET_{}_LINKER", lower.to_uppercase()), compiler.clone()),
        (format!("CC_{lower}"), compiler),
        (format!("AR_{lower}"), tools.join("llvm-ar")),
    ]
}

fn tools(ndk: &Path) -> PathBuf {
    let system = if cfg!(target_os = "macos") { "darwin-x86_64" } else { "linux-x86_64" };
    ndk.join("toolchains/llvm/prebuilt").join(system).join("bin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_has_its_compiler_of_the_oldest_android_and_the_ndks_archiver() {
        let bin = tools(Path::new("/ndk"));
        assert!(bin.starts_with("/ndk/toolchains/llvm/prebuilt") && bin.ends_with("bin"));
        for (target, variable, compiler) in [
            (TARGETS[0], "AARCH64_LINUX_ANDROID", "aarch64-linux-android26-clang"),
            (TARGETS[1], "ARMV7_LINUX_ANDROIDEABI", "armv7a-linux-androideabi26-clang"),
            (TARGETS[2], "X86_64_LINUX_ANDROID", "x86_64-linux-android26-clang"),
        ] {
            let lower = variable.to_lowercase();
            let expected = [
                (format!("CARGO_TARGET_{variable}_LINKER"), bin.join(compiler)),
                (format!("CC_{lower}"), bin.join(compiler)),
                (format!("AR_{lower}"), bin.join("llvm-ar")),
            ];
            assert_eq!(variables(Path::new("/ndk"), &target), expected);
        }
    }

    #[test]
    fn libraries_of_64_bits_are_linked_for_pages_of_16_kib() {
        let config = include_str!("../../../.cargo/config.toml");
        for target in TARGETS.iter().filter(|target| target.rust.contains("64")) {
            let (_, section) = config.split_once(&format!("[target.{}]", target.rust)).unwrap();
            let section = section.split("\n[").next().unwrap();
            assert!(section.contains("max-page-size=16384"), "{}", target.rust);
        }
    }
}
