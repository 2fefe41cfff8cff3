//! The AAR with a native library for each kind of processor, linked with an NDK.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use super::output::{self, MissingTool};
use crate::{
    android::{self, aar},
    bindings::{self, Build},
    elf::{self, Loader},
    link::android::{API, AndroidTarget, LIBRARY, TARGETS},
    progress::step,
};

/// Variable with the folder of the NDK, as Gradle knows it.
const NDK: &str = "ANDROID_NDK_HOME";

/// The folder in which Gradle looks for native libraries.
const NATIVES: &str = "jniLibs";
/// The complete AAR, and one without native libraries, which has another name so that nobody ships it.
const AAR: &str = "tegata.aar";
const AAR_WITHOUT_LIBRARIES: &str = "tegata-without-libraries.aar";

/// Compiles, links, checks and strips a library for each processor, and packs all of it.
///
/// # Errors
/// [`MissingTool`] without an NDK, after the AAR without native libraries was packed.
pub(super) fn run(shell: &Shell) -> anyhow::Result<()> {
    let bindings = bindings::write(shell, Build::Release)?;
    let folder = output::folder(shell, Build::Release, "android")?;
    let built = android::compile(shell, &bindings)?;
    let Ok(ndk) = shell.var(NDK) else {
        let targets: Vec<&str> = TARGETS.iter().map(|target| target.rust).collect();
        let aar = folder.join(AAR_WITHOUT_LIBRARIES);
        aar::pack(shell, &built, None, &aar)?;
        aar::check(shell, &aar, &[])?;
        return Err(MissingTool(format!(
            "{NDK} is not set, so nothing can be linked for {}: {} has no native library",
            targets.join(", "),
            aar.display()
        ))
        .into());
    };
    for target in TARGETS {
        build(shell, Path::new(&ndk), target, &folder)?;
    }
    let natives = folder.join(NATIVES);
    let aar = folder.join(AAR);
    aar::pack(shell, &built, Some(&natives), &aar)?;
    aar::check(shell, &aar, &TARGETS.iter().map(|target| target.folder).collect::<Vec<_>>())?;
    step(&format!("packed in {}", aar.display()));
    Ok(())
}

fn build(shell: &Shell, ndk: &Path, target: &AndroidTarget, folder: &Path) -> anyhow::Result<()> {
    step(&format!("linking for {}", target.rust));
    let variables = variables(ndk, target);
    let _variables: Vec<_> =
        variables.into_iter().map(|(name, value)| shell.push_env(name, value)).collect();
    let built = bindings::library_for_target(shell, target.rust, bindings::FEATURES)?;
    let library = folder.join(NATIVES).join(target.folder).join(LIBRARY);
    shell.create_dir(library.parent().context("a library without a folder")?)?;
    let strip = tools(ndk).join("llvm-strip");
    cmd!(shell, "{strip} --strip-unneeded -o {library} {built}").quiet().run()?;
    elf::check(&library, Loader::Android)
}

/// Variables for cargo and for build scripts of C code. Flags for 16 KiB pages are in `.cargo/config.toml`, which every build
/// reads.
fn variables(ndk: &Path, target: &AndroidTarget) -> Vec<(String, PathBuf)> {
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
    fn each_target_has_the_ndks_compiler_and_archiver() {
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
    fn libraries_of_64_bits_have_16_kib_pages() {
        let config = include_str!("../../../.cargo/config.toml");
        for target in TARGETS.iter().filter(|target| target.rust.contains("64")) {
            let (_, section) = config.split_once(&format!("[target.{}]", target.rust)).unwrap();
            let section = section.split("\n[").next().unwrap();
            assert!(section.contains("max-page-size=16384"), "{}", target.rust);
        }
    }
}
