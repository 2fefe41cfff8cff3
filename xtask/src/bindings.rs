//! The library as other languages see it: Kotlin, Swift and Python sources, written from the built library. Nothing of
//! it is in the tree.

use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::{
    symbols, throws,
    tree::{self, step},
};

/// UniFFI reads it only when it is told to.
const CONFIG: &str = "uniffi.toml";

/// Where the generator puts the Kotlin.
const KOTLIN: &str = "app/tegata/tegata_ffi.kt";

/// No panic passes through SQLite or ring: what unwinding would read of their C is left out.
pub(crate) const NO_UNWIND_TABLES: &str = "-fno-unwind-tables -fno-asynchronous-unwind-tables";

/// One kind of library at a time: cargo builds several without the LTO that the profile asks for.
const SHIPPED: [&str; 4] = ["--profile", "library", "--crate-type", "cdylib"];

/// What apps get beyond the core: a library without it is the default, and smaller.
pub(crate) const FEATURES: &str = "account";

/// The same, in the words of a command that takes several crates.
pub(crate) const WITH_ACCOUNT: &str = "tegata-ffi/account";

/// Which library to write the sources from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// What an app gets.
    Release,
    /// What tests drive: quick to build, and it can be told to panic.
    Testing,
}

/// The folder of one build: `kotlin`, `swift` and `python` sources, the library in `lib`.
pub(crate) fn write(shell: &Shell, build: Build) -> anyhow::Result<PathBuf> {
    step("building the library and writing its bindings");
    let library = library(shell, build)?;
    let folder = tree::target(shell)?.join(match build {
        Build::Release => "bindings",
        Build::Testing => "bindings-testing",
    });
    // What the last run wrote and this one does not would be found by a compiler all the same.
    for language in ["kotlin", "swift", "python", "lib"] {
        shell.remove_path(folder.join(language))?;
    }
    for language in ["kotlin", "swift", "python"] {
        generate(shell, &library, language, &folder.join(language))?;
    }
    let kotlin = folder.join("kotlin").join(KOTLIN);
    shell.write_file(&kotlin, throws::declared(&shell.read_file(&kotlin)?)?)?;
    let lib = folder.join("lib");
    let kept = lib.join(library_name());
    shell.create_dir(&lib)?;
    shell.copy_file(&library, &kept)?;
    // Only now: a stripped library no longer knows what it exports.
    if build == Build::Release {
        symbols::separate(shell, &kept)?;
    }
    // Python looks for the library beside the module, JNA where it is told to.
    shell.copy_file(&kept, folder.join("python").join(library_name()))?;
    Ok(folder)
}

/// Builds the shared library, and tells where it is.
pub(crate) fn library(shell: &Shell, build: Build) -> anyhow::Result<PathBuf> {
    match build {
        Build::Release => shipped(shell, FEATURES),
        Build::Testing => {
            let build = cmd!(shell, "cargo build --quiet -p tegata-ffi --features");
            build.arg(format!("{FEATURES},testing")).run()?;
            Ok(tree::target(shell)?.join("debug").join(library_name()))
        }
    }
}

/// Builds the shared library as it ships, with these features, and tells where it is until the next build.
pub(crate) fn shipped(shell: &Shell, features: &str) -> anyhow::Result<PathBuf> {
    let _tables = shell.push_env("CFLAGS", NO_UNWIND_TABLES);
    let build = cmd!(shell, "cargo rustc --quiet -p tegata-ffi --lib --features {features}");
    build.args(SHIPPED).run()?;
    Ok(tree::target(shell)?.join("library").join(library_name()))
}

/// Builds the shared library that ships for another system than this one, whose tools the caller has named.
pub(crate) fn library_for(shell: &Shell, target: &str) -> anyhow::Result<PathBuf> {
    let _tables = shell.push_env("CFLAGS", NO_UNWIND_TABLES);
    let build = cmd!(shell, "cargo rustc --quiet -p tegata-ffi --lib --target {target}");
    build.args(SHIPPED).args(["--features", FEATURES]).run()?;
    let name = if target.contains("apple") { "libtegata_ffi.dylib" } else { "libtegata_ffi.so" };
    Ok(tree::target(shell)?.join(target).join("library").join(name))
}

/// What cargo calls the shared library here.
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
