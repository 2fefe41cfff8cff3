//! The library as other languages see it: Kotlin, Swift and Python sources, written from the built library. Nothing of
//! it is in the tree.

use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::tree::{self, step};

/// UniFFI reads it only when it is told to.
const CONFIG: &str = "uniffi.toml";

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
    let target = tree::target(shell)?;
    let (folder, options, profile): (_, &[&str], _) = match build {
        Build::Release => ("bindings", &["--release"], "release"),
        Build::Testing => ("bindings-testing", &["--features", "testing"], "debug"),
    };
    cmd!(shell, "cargo build --quiet -p tegata-ffi {options...}").run()?;
    let library = target.join(profile).join(library_name());
    let folder = target.join(folder);
    // What the last run wrote and this one does not would be found by a compiler all the same.
    for language in ["kotlin", "swift", "python", "lib"] {
        shell.remove_path(folder.join(language))?;
    }
    for language in ["kotlin", "swift", "python"] {
        generate(shell, &library, language, &folder.join(language))?;
    }
    // Python looks for the library beside the module, JNA where it is told to.
    for place in ["lib", "python"] {
        shell.create_dir(folder.join(place))?;
        shell.copy_file(&library, folder.join(place).join(library_name()))?;
    }
    // Only now: a stripped library no longer knows what it exports.
    if build == Build::Release {
        for place in ["lib", "python"] {
            strip(shell, &folder.join(place).join(library_name()))?;
        }
    }
    Ok(folder)
}

/// Without the symbols and tables that only debuggers and the generator read.
pub(crate) fn strip(shell: &Shell, library: &Path) -> anyhow::Result<()> {
    Ok(cmd!(shell, "strip --strip-unneeded {library}").quiet().run()?)
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
