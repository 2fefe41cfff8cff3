//! Checks of the documents: links, the list of decision records, local references, and what they say about commands and
//! tests.

mod claims;
mod decision_records;
mod links;
mod local_references;
mod markdown;
mod pages;
mod requirements;

use std::path::Path;

use xshell::{Shell, cmd};

use self::pages::Pages;
use crate::{bindings::WITH_ACCOUNT, progress::step};

/// Runs all checks, prints their findings together, and builds the API documentation without a warning. `is_command`
/// tells whether `cargo xtask` takes these arguments.
pub(crate) fn check(shell: &Shell, is_command: fn(&[&str]) -> bool) -> anyhow::Result<()> {
    step("checking links, decision records, local references and claims");
    let pages = Pages::read(shell)?;
    let exists = |path: &Path| shell.path_exists(path);
    let mut findings = links::check(&pages, exists);
    findings.extend(decision_records::check(&pages));
    findings.extend(local_references::check(&pages));
    findings.extend(claims::check(&pages, exists, is_command));
    findings.extend(requirements::check(&pages, |code| claims::is_command(code, is_command)));
    for finding in &findings {
        eprintln!("{finding}");
    }
    anyhow::ensure!(findings.is_empty(), "{} findings in the documents", findings.len());

    step("building the API documentation");
    let _strict = shell.push_env("RUSTDOCFLAGS", "-D warnings");
    // Nobody reads the documentation of the benches, and without them their peers are not built.
    let doc = cmd!(shell, "cargo doc --workspace --no-deps --exclude tegata-bench --features");
    Ok(doc.arg(WITH_ACCOUNT).run()?)
}
