//! stripe-mock, Stripe's published test server: built once into the cache, held to one version.

use std::path::PathBuf;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::tree;

/// The one place for its version.
const VERSION: &str = "v0.203.0";

/// Tests that speak to it find it here.
pub(crate) const NAMED_BY: &str = "STRIPE_MOCK";

/// Where it is; built if it is not there yet.
pub(crate) fn program(shell: &Shell) -> anyhow::Result<PathBuf> {
    let (name, what) =
        (format!("stripe-mock-{VERSION}"), format!("building stripe-mock {VERSION}"));
    let folder = tree::made_once(shell, &name, &what, |folder| {
        let package = format!("github.com/stripe/stripe-mock@{VERSION}");
        let install = cmd!(shell, "go install {package}").env("GOBIN", folder).quiet().run();
        install.context("cannot build stripe-mock: is Go there? Debian calls it golang-go")
    })?;
    Ok(folder.join("stripe-mock"))
}

/// The adapter of the card processor, held to the schema of Stripe's interface.
pub(crate) fn test(shell: &Shell) -> anyhow::Result<()> {
    let program = program(shell)?;
    let run = cmd!(shell, "cargo test -p tegata-issuer --test stripe_mock");
    Ok(run.env(NAMED_BY, program).run()?)
}
