//! A Python environment for tests with the packages of one requirements file, and the tests that are written in Python.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{
    bindings::{self, Build},
    workspace,
};

/// The independent reader of vault files, and its test.
const READER: &str = "docs/reader";
/// The Python library, and its tests.
const LIBRARY: &str = "bindings/python";
/// What mypy checks: the package, and an app that uses it.
const TYPED: &[&str] = &["bindings/python/src/tegata", "bindings/python/tests/typed_host.py"];
/// The tests of the issuer's mail.
const MAIL: &str = "issuer/tests/mail";
/// Versions of Python packages are declared here and nowhere else.
const REQUIREMENTS: &str = "docs/reader/requirements.txt";

/// Tests the independent reader of vault files without writing into the workspace. pytest fails if it finds no test.
pub(crate) fn test_reader(shell: &Shell) -> anyhow::Result<()> {
    let python = environment(shell)?;
    let run = cmd!(shell, "{python} -B -m pytest -q -p no:cacheprovider {READER}").run();
    run.with_context(|| format!("the test in {READER} failed"))
}

/// Checks the types of the Python library, and runs its tests against the library built for tests.
pub(crate) fn test_library(shell: &Shell) -> anyhow::Result<()> {
    let python = environment(shell)?;
    let bindings = bindings::write(shell, Build::Testing)?.join("python");
    let path = std::env::join_paths([Path::new(LIBRARY).join("src"), bindings])?;
    let _path = shell.push_env("PYTHONPATH", &path);
    let _mypy_path = shell.push_env("MYPYPATH", &path);
    let cache = workspace::target(shell)?.join("mypy");
    let types = cmd!(
        shell,
        "{python} -B -m mypy --no-error-summary --config-file {LIBRARY}/pyproject.toml"
    );
    let checked = types.arg("--cache-dir").arg(cache).args(TYPED).run();
    checked.with_context(|| format!("mypy found errors in {LIBRARY}"))?;
    let run = cmd!(shell, "{python} -B -m pytest -q -p no:cacheprovider {LIBRARY}").run();
    run.with_context(|| format!("the test in {LIBRARY} failed"))
}

/// Runs the scenarios alone, with the module and the library of a folder.
pub(crate) fn test_scenarios(shell: &Shell, bindings: &Path) -> anyhow::Result<()> {
    let python = environment(shell)?;
    let path = std::env::join_paths([Path::new(LIBRARY).join("src").as_path(), bindings])?;
    let _path = shell.push_env("PYTHONPATH", path);
    let tests = format!("{LIBRARY}/tests/test_scenarios.py");
    Ok(cmd!(shell, "{python} -B -m pytest -q -p no:cacheprovider {tests}").run()?)
}

/// Runs the issuer as a process and receives its mail with an SMTP server from a Python package. The tests spend most of
/// their time waiting for a mail to be sent again, so they run in parallel.
pub(crate) fn test_mail(shell: &Shell) -> anyhow::Result<()> {
    let python = environment(shell)?;
    cmd!(shell, "cargo build -p tegata-cli").run()?;
    let binary = workspace::target(shell)?.join("debug/tegata");
    let run = cmd!(shell, "{python} -B -m pytest -q -p no:cacheprovider -n 8 {MAIL}");
    run.env("TEGATA", binary).run().with_context(|| format!("the test in {MAIL} failed"))
}

/// Validates the description of the issuer's interface against the specification of `OpenAPI`.
pub(crate) fn validate_openapi(shell: &Shell) -> anyhow::Result<()> {
    let python = environment(shell)?;
    let file = workspace::target(shell)?.join("openapi.json");
    let document = cmd!(shell, "cargo run --quiet -p tegata-issuer --example openapi").read()?;
    shell.write_file(&file, document)?;
    let run = cmd!(shell, "{python} -B -m openapi_spec_validator {file}").run();
    run.context("the description of the issuer's interface is not valid")
}

/// The interpreter that has the packages of the requirements file; set up first if the cache does not have it.
pub(crate) fn environment(shell: &Shell) -> anyhow::Result<PathBuf> {
    let version = cmd!(shell, "python3 --version").quiet().read()?;
    let name = folder_name(&shell.read_file(REQUIREMENTS)?, &version);
    let what = format!("installing the Python packages of {REQUIREMENTS}");
    let folder = workspace::build_once(shell, &name, &what, |folder| {
        // Scripts in `bin` hold the folder's temporary name: modules are called instead, as in `python -m pytest`.
        let python = folder.join("bin/python");
        cmd!(shell, "python3 -m venv {folder}").quiet().run()?;
        let install = "-m pip --quiet --disable-pip-version-check install --requirement";
        Ok(cmd!(shell, "{python}").args(install.split(' ')).arg(REQUIREMENTS).quiet().run()?)
    })?;
    Ok(folder.join("bin/python"))
}

/// A name that depends on the packages and on the Python version.
fn folder_name(requirements: &str, version: &str) -> String {
    workspace::name_by_content("python", &[requirements.to_owned(), version.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_depends_on_packages_and_python_version() {
        let name = folder_name("a==1", "Python 3.11");
        assert_eq!(name, folder_name("a==1", "Python 3.11"));
        assert_ne!(name, folder_name("a==2", "Python 3.11"));
        assert_ne!(name, folder_name("a==1", "Python 3.12"));
    }
}
