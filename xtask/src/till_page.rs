//! The till page in a real browser: its tests and its pictures.

use std::path::PathBuf;

use anyhow::Context as _;
use xshell::{PushEnv, Shell, cmd};

use crate::{
    setup::{self, Package},
    workspace,
};

/// Packages that tests and pictures need.
pub(crate) const NEEDS: &[Package] =
    &[setup::CHROMIUM, setup::CMAKE, setup::CXX, setup::JAPANESE, setup::NODE, setup::NPM];

/// The tests; versions of npm packages are declared here and nowhere else.
const FOLDER: &str = "issuer/tests/till";
/// The oldest major version that `playwright-core` runs on.
const OLDEST_NODE: u32 = 20;

/// Runs the tests.
pub(crate) fn test(shell: &Shell) -> anyhow::Result<()> {
    let _environment = environment(shell)?;
    // By name, because the runner succeeds when it finds no test.
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

/// Builds the programs that the tests run, and sets the variables that name them.
fn environment(shell: &Shell) -> anyhow::Result<Vec<PushEnv<'_>>> {
    let packages = packages(shell)?;
    cmd!(shell, "cargo build --quiet -p tegata-cli").run()?;
    cmd!(shell, "cargo build --quiet -p tegata-issuer --example till").run()?;
    // Renders the wallet's screen for the simulated camera.
    cmd!(shell, "cargo build --quiet -p tegata-scanners --example till_screen").run()?;
    let built = workspace::target(shell)?.join("debug");
    let chromium = cmd!(shell, "sh -c 'command -v chromium'").quiet().read()?;
    Ok(vec![
        shell.push_env("CHROMIUM", chromium),
        shell.push_env("TEGATA", built.join("tegata")),
        shell.push_env("TILL_ISSUER", built.join("examples").join("till")),
        shell.push_env("TILL_PACKAGES", packages),
        shell.push_env("TILL_SCREEN", built.join("examples").join("till_screen")),
    ])
}

/// The folder with the npm packages of the lock file, which are installed into the cache first if it lacks them.
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
    let name = workspace::name_by_content("npm", &texts?);
    workspace::build_once(
        shell,
        &name,
        &format!("installing the npm packages of {FOLDER}"),
        |folder| {
            shell.create_dir(folder)?;
            for name in files {
                shell.copy_file(format!("{FOLDER}/{name}"), folder)?;
            }
            // No install script of a package is run.
            let install = cmd!(shell, "npm ci --silent --ignore-scripts --prefix {folder}");
            Ok(install.quiet().ignore_stdout().run()?)
        },
    )
}
