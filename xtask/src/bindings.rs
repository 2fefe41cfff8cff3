//! The library as other languages see it: Kotlin, Swift and Python sources, written from the built library. Nothing of
//! it is in the tree.

use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::tree::{self, step};

/// UniFFI reads it only when it is told to.
const CONFIG: &str = "uniffi.toml";

/// What the bundled SQLite would bring along and no vault asks for, in the words of its compiler.
const UNUSED_SQLITE: &str = "-USQLITE_ENABLE_COLUMN_METADATA -USQLITE_ENABLE_DBSTAT_VTAB \
    -USQLITE_ENABLE_FTS3 -USQLITE_ENABLE_FTS3_PARENTHESIS -USQLITE_ENABLE_FTS5 \
    -USQLITE_ENABLE_RTREE -USQLITE_ENABLE_STAT4 -USQLITE_SOUNDEX \
    -USQLITE_ENABLE_LOAD_EXTENSION -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_JSON";

/// No panic passes through SQLite or ring: what unwinding would read of their C is left out.
const NO_UNWIND_TABLES: &str = "-fno-unwind-tables -fno-asynchronous-unwind-tables";

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

/// Builds the shared library, and tells where it is.
pub(crate) fn library(shell: &Shell, build: Build) -> anyhow::Result<PathBuf> {
    let (options, folder, unused) = match build {
        Build::Release => (["--profile", "library"], "library", UNUSED_SQLITE),
        Build::Testing => (["--features", "testing"], "debug", ""),
    };
    // An empty one would build SQLite anew for tests.
    let _flags = (!unused.is_empty()).then(|| shell.push_env("LIBSQLITE3_FLAGS", unused));
    let _tables = (!unused.is_empty()).then(|| shell.push_env("CFLAGS", NO_UNWIND_TABLES));
    cmd!(shell, "cargo build --quiet -p tegata-ffi {options...}").run()?;
    Ok(tree::target(shell)?.join(folder).join(library_name()))
}

/// Builds the shared library that ships for another system than this one, whose tools the caller has named.
pub(crate) fn library_for(shell: &Shell, target: &str) -> anyhow::Result<PathBuf> {
    let _flags = shell.push_env("LIBSQLITE3_FLAGS", UNUSED_SQLITE);
    let _tables = shell.push_env("CFLAGS", NO_UNWIND_TABLES);
    cmd!(shell, "cargo build --quiet -p tegata-ffi --profile library --target {target}").run()?;
    let name = if target.contains("apple") { "libtegata_ffi.dylib" } else { "libtegata_ffi.so" };
    Ok(tree::target(shell)?.join(target).join("library").join(name))
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
