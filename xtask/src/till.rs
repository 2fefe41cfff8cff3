//! The till page in a real browser: what drives it, its tests, its pictures.

use std::path::PathBuf;

use anyhow::Context as _;
use xshell::{PushEnv, Shell, cmd};

use crate::{
    setup::{self, Package},
    tree,
};

/// What the tests and the pictures need.
pub(crate) const NEEDS: &[Package] =
    &[setup::CHROMIUM, setup::CMAKE, setup::CXX, setup::JAPANESE, setup::NODE, setup::NPM];

/// The tests, and the one place for versions of npm packages.
const FOLDER: &str = "issuer/tests/till";
/// What `playwright-core` asks for.
const OLDEST_NODE: u32 = 20;

/// Runs the tests. Finding no test is a failure.
pub(crate) fn test(shell: &Shell) -> anyhow::Result<()> {
    let _environment = environment(shell)?;
    // By name, so that the runner cannot find none and be content.
    let files = ["digits.test.mjs", "till.test.mjs"].map(|name| format!("{FOLDER}/{name}"));
    let run = cmd!(shell, "node --test --test-concurrency=1 --test-reporter=spec {files...}").run();
    run.with_context(|| format!("the tests in {FOLDER} failed"))
}

/// Takes pictures of every view, in both languages, into `folder`.
pub(crate) fn pictures(shell: &Shell, folder: &std::path::Path) -> anyhow::Result<()> {
    setup::install(shell, NEEDS)?;
    let _environment = environment(shell)?;
    Ok(cmd!(shell, "node {FOLDER}/pictures.mjs {folder}").run()?)
}

/// Builds what the tests run, and tells them where everything is.
fn environment(shell: &Shell) -> anyhow::Result<Vec<PushEnv<'_>>> {
    let packages = packages(shell)?;
    cmd!(shell, "cargo build --quiet -p tegata-cli").run()?;
    cmd!(shell, "cargo build --quiet -p tegata-issuer --example till").run()?;
    // Draws the wallet's screen for the camera.
    cmd!(shell, "cargo build --quiet -p tegata-scanners --example till_screen").run()?;
    let built = tree::target(shell)?.join("debug");
    let chromium = cmd!(shell, "sh -c 'command -v chromium'").quiet().read()?;
    Ok(vec![
        shell.push_env("CHROMIUM", chromium),
        shell.push_env("TEGATA", built.join("tegata")),
        shell.push_env("TILL_ISSUER", built.join("examples").join("till")),
        shell.push_env("TILL_PACKAGES", packages),
        shell.push_env("TILL_SCREEN", built.join("examples").join("till_screen")),
    ])
}

/// The folder with the npm packages of the lock file, installed once into the cache.
fn packages(shell: &Shell) -> anyhow::Result<PathBuf> {
    let version = cmd!(shell, "node --version").quiet().read()?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|it| it.parse().ok());
    anyhow::ensure!(
        major.is_some_and(|major: u32| major >= OLDEST_NODE),
        "node is {version}: the till's tests need version {OLDEST_NODE} or later"
    );
    let files = ["package.json", "package-lock.json"];
    let texts: Result<Vec<_>, _> =
        files.iter().map(|name| shell.read_file(format!("{FOLDER}/{name}"))).collect();
    let name = tree::named_by("npm", &texts?);
    tree::made_once(shell, &name, &format!("installing the npm packages of {FOLDER}"), |folder| {
        shell.create_dir(folder)?;
        for name in files {
            shell.copy_file(format!("{FOLDER}/{name}"), folder)?;
        }
        // Nothing of a package is run when it is installed.
        let install = cmd!(shell, "npm ci --silent --ignore-scripts --prefix {folder}");
        Ok(install.quiet().ignore_stdout().run()?)
    })
}
