//! What is changed in the sources that `UniFFI` generates, so that each language has the interface that its people expect.
//! A change that finds nothing to change fails: the generator writes something else then.

mod kotlin;
mod kotlin_exceptions;
mod python;
mod replace;
mod swift;

use std::path::Path;

use xshell::Shell;

/// The path of the generated Kotlin.
const KOTLIN: &str = "app/tegata/tegata_ffi.kt";
const SWIFT: &str = "TegataGenerated.swift";
const PYTHON: &str = "tegata_ffi.py";
/// Methods that classes get in Python.
const PYTHON_METHODS: &str = "bindings/python/methods.py";

/// Changes the sources in a folder with `kotlin`, `swift` and `python`.
pub(crate) fn adapt(shell: &Shell, folder: &Path) -> anyhow::Result<()> {
    let methods = shell.read_file(PYTHON_METHODS)?;
    change(shell, &folder.join("kotlin").join(KOTLIN), |source| {
        kotlin::adapt(&kotlin_exceptions::declare(source)?)
    })?;
    change(shell, &folder.join("swift").join(SWIFT), swift::adapt)?;
    change(shell, &folder.join("python").join(PYTHON), |source| python::adapt(source, &methods))
}

fn change(
    shell: &Shell,
    file: &Path,
    change: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    Ok(shell.write_file(file, change(&shell.read_file(file)?)?)?)
}
