//! A Python for tests, with the packages of one requirements file, built once into the cache.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{
    bindings::{self, Build},
    package, tree,
};

/// The vault's reader for strangers, and its test.
const READER: &str = "docs/reader";
/// The library for Python, and its tests.
const LIBRARY: &str = "bindings/python";
/// What mypy checks of it: the package, and a host that uses it.
const TYPED: &[&str] = &["bindings/python/src/tegata", "bindings/python/tests/typed_host.py"];
/// The test of the issuer's mail.
const MAIL: &str = "issuer/tests/mail";
/// The one place for versions of Python packages.
const REQUIREMENTS: &str = "docs/reader/requirements.txt";

/// Runs the test of the vault's reader, and leaves nothing in the tree. Finding no test is pytest's failure, too.
pub(crate) fn test_reader(shell: &Shell) -> anyhow::Result<()> {
    let python = environment(shell)?;
    let run = cmd!(shell, "{python} -B -m pytest -q -p no:cacheprovider {READER}").run();
    run.with_context(|| format!("the test in {READER} failed"))
}

/// Checks the types of the Python library, runs its tests against the library built for tests, and tries the wheel.
pub(crate) fn test_library(shell: &Shell) -> anyhow::Result<()> {
    test_sources(shell)?;
    package::try_python(shell, Build::Testing)
}

fn test_sources(shell: &Shell) -> anyhow::Result<()> {
    let python = environment(shell)?;
    let bindings = bindings::write(shell, Build::Testing)?.join("python");
    let path = std::env::join_paths([Path::new(LIBRARY).join("src"), bindings])?;
    let _path = shell.push_env("PYTHONPATH", &path);
    let _mypy_path = shell.push_env("MYPYPATH", &path);
    let cache = tree::target(shell)?.join("mypy");
    let types = cmd!(
        shell,
        "{python} -B -m mypy --no-error-summary --config-file {LIBRARY}/pyproject.toml"
    );
    let types = types.arg("--cache-dir").arg(cache).args(TYPED).run();
    types.with_context(|| format!("the types of {LIBRARY} do not hold"))?;
    let run = cmd!(shell, "{python} -B -m pytest -q -p no:cacheprovider {LIBRARY}").run();
    run.with_context(|| format!("the test in {LIBRARY} failed"))
}

/// Runs the issuer as a process and takes its mail with a server that is not ours. The tests wait most of the time, for
/// a mail that comes again later, so they wait together.
pub(crate) fn test_mail(shell: &Shell) -> anyhow::Result<()> {
    let python = environment(shell)?;
    cmd!(shell, "cargo build -p tegata-cli").run()?;
    let binary = tree::target(shell)?.join("debug/tegata");
    let run = cmd!(shell, "{python} -B -m pytest -q -p no:cacheprovider -n 8 {MAIL}");
    run.env("TEGATA", binary).run().with_context(|| format!("the test in {MAIL} failed"))
}

/// Holds the description of the issuer's interface to the specification of `OpenAPI`, by a validator that is not ours.
pub(crate) fn validate_interface(shell: &Shell) -> anyhow::Result<()> {
    let python = environment(shell)?;
    let file = tree::target(shell)?.join("openapi.json");
    let document = cmd!(shell, "cargo run --quiet -p tegata-issuer --example openapi").read()?;
    shell.write_file(&file, document)?;
    let run = cmd!(shell, "{python} -B -m openapi_spec_validator {file}").run();
    run.context("the description of the issuer's interface is not valid")
}

/// The interpreter that has the packages of the requirements file; set up if it is not there yet.
pub(crate) fn environment(shell: &Shell) -> anyhow::Result<PathBuf> {
    let version = cmd!(shell, "python3 --version").quiet().read()?;
    let name = folder_name(&shell.read_file(REQUIREMENTS)?, &version);
    let what = format!("installing the Python packages of {REQUIREMENTS}");
    let folder = tree::made_once(shell, &name, &what, |folder| {
        // What `bin` has beside the interpreter knows this folder's first name only: call modules, as in
        // `python -m pytest`.
        let python = folder.join("bin/python");
        cmd!(shell, "python3 -m venv {folder}").quiet().run()?;
        let install = "-m pip --quiet --disable-pip-version-check install --requirement";
        Ok(cmd!(shell, "{python}").args(install.split(' ')).arg(REQUIREMENTS).quiet().run()?)
    })?;
    Ok(folder.join("bin/python"))
}

/// Other packages or another Python are another folder. A hash that changes with the compiler only costs a set-up.
fn folder_name(requirements: &str, version: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (requirements, version).hash(&mut hasher);
    format!("python-{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_found_again_and_only_for_the_same_packages_and_python() {
        let name = folder_name("a==1", "Python 3.11");
        assert_eq!(name, folder_name("a==1", "Python 3.11"));
        assert_ne!(name, folder_name("a==2", "Python 3.11"));
        assert_ne!(name, folder_name("a==1", "Python 3.12"));
    }
}
