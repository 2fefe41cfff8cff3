//! The Kotlin, Swift and Python sources that `UniFFI` generates from the built library. None of them is checked in.

use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::{
    generated,
    progress::step,
    symbols::{self, Binutils},
    workspace,
};

/// UniFFI reads it only when it is passed by `--config`.
const CONFIG: &str = "uniffi.toml";

/// Flags for C code that leave out unwind tables: no panic passes through SQLite or ring.
pub(crate) const NO_UNWIND_TABLES: &str = "-fno-unwind-tables -fno-asynchronous-unwind-tables";

/// One crate type only: with several, cargo ignores the LTO of the profile.
const RELEASE_OPTIONS: [&str; 4] = ["--profile", "library", "--crate-type", "cdylib"];

/// The features of the library that ships; the default has none and is smaller.
pub(crate) const FEATURES: &str = "account";

/// The same feature for a command that takes several crates.
pub(crate) const WITH_ACCOUNT: &str = "tegata-ffi/account";

/// The build of the library to generate sources from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// What an app ships.
    Release,
    /// What tests use: quick to build, and it panics on request.
    Testing,
}

/// Builds the library and generates the sources; returns the folder with `kotlin`, `swift`, `python` and `lib`.
pub(crate) fn write(shell: &Shell, build: Build) -> anyhow::Result<PathBuf> {
    step("building the library and generating its bindings");
    let library = library(shell, build)?;
    let folder = workspace::target(shell)?.join(match build {
        Build::Release => "bindings",
        Build::Testing => "bindings-testing",
    });
    write_for(shell, &library, &folder, build)?;
    Ok(folder)
}

/// Generates the sources from a library that is built, into a folder with `kotlin`, `swift`, `python` and `lib`.
pub(crate) fn write_for(
    shell: &Shell,
    library: &Path,
    folder: &Path,
    build: Build,
) -> anyhow::Result<()> {
    // A compiler would also find files that an earlier run wrote and this one does not.
    for language in ["kotlin", "swift", "python", "lib"] {
        shell.remove_path(folder.join(language))?;
    }
    for language in ["kotlin", "swift", "python"] {
        generate(shell, library, language, &folder.join(language))?;
    }
    generated::adapt(shell, folder)?;
    let lib = folder.join("lib");
    let copy = lib.join(library_name());
    shell.create_dir(&lib)?;
    shell.copy_file(library, &copy)?;
    // Only now, because the generator reads the symbols.
    if build == Build::Release {
        symbols::separate(shell, &copy, Binutils::Host)?;
    }
    // Python looks for the library beside the module; JNA has a setting for its folder.
    Ok(shell.copy_file(&copy, folder.join("python").join(library_name()))?)
}

/// Builds the shared library; returns its path.
pub(crate) fn library(shell: &Shell, build: Build) -> anyhow::Result<PathBuf> {
    match build {
        Build::Release => release_library(shell, FEATURES),
        Build::Testing => {
            let build = cmd!(shell, "cargo build --quiet -p tegata-ffi --features");
            build.arg(format!("{FEATURES},testing")).run()?;
            Ok(workspace::target(shell)?.join("debug").join(library_name()))
        }
    }
}

/// Builds the shared library as it ships, with these features; returns its path, which the next build overwrites.
pub(crate) fn release_library(shell: &Shell, features: &str) -> anyhow::Result<PathBuf> {
    let _tables = shell.push_env("CFLAGS", NO_UNWIND_TABLES);
    let build = cmd!(shell, "cargo rustc --quiet -p tegata-ffi --lib --features {features}");
    build.args(RELEASE_OPTIONS).run()?;
    Ok(workspace::target(shell)?.join("library").join(library_name()))
}

/// Builds the shared library for another system, whose compiler and linker the caller has set.
pub(crate) fn library_for_target(
    shell: &Shell,
    target: &str,
    features: &str,
) -> anyhow::Result<PathBuf> {
    let _tables = shell.push_env("CFLAGS", NO_UNWIND_TABLES);
    let build = cmd!(shell, "cargo rustc --quiet -p tegata-ffi --lib --target {target}");
    build.args(RELEASE_OPTIONS).args(["--features", features]).run()?;
    let name = if target.contains("apple") { "libtegata_ffi.dylib" } else { "libtegata_ffi.so" };
    Ok(workspace::target(shell)?.join(target).join("library").join(name))
}

/// The file name of the shared library on this system.
pub(crate) fn library_name() -> String {
    format!("{}tegata_ffi{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}

fn generate(shell: &Shell, library: &Path, language: &str, to: &Path) -> anyhow::Result<()> {
    let bindgen = cmd!(shell, "cargo run --quiet -p uniffi-bindgen -- generate --no-format");
    let bindgen = bindgen.args(["--config", CONFIG, "--language", language]);
    Ok(bindgen
        .arg("--out-dir")
        .arg(to)
        .arg(library)
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()?)
}
