//! stripe-mock, the test server that Stripe publishes: built once into the cache, in one version.

use std::path::PathBuf;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::workspace;

/// Declared here and nowhere else.
const VERSION: &str = "v0.203.0";

/// The variable that gives tests the program's path.
const VARIABLE: &str = "STRIPE_MOCK";

/// Tests the adapter of the card processor against the schema of Stripe's interface.
pub(crate) fn test(shell: &Shell) -> anyhow::Result<()> {
    let program = program(shell)?;
    let run = cmd!(shell, "cargo test -p tegata-issuer --test stripe_mock");
    Ok(run.env(VARIABLE, program).run()?)
}

fn program(shell: &Shell) -> anyhow::Result<PathBuf> {
    let name = format!("stripe-mock-{VERSION}");
    let what = format!("building stripe-mock {VERSION}");
    let folder = workspace::build_once(shell, &name, &what, |folder| {
        let package = format!("github.com/stripe/stripe-mock@{VERSION}");
        let install = cmd!(shell, "go install {package}").env("GOBIN", folder).quiet().run();
        install.context("cannot build stripe-mock: is Go installed? Debian calls it golang-go")
    })?;
    Ok(folder.join("stripe-mock"))
}
