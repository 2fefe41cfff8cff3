//! Checks of a change that need no test run, the quickest first.

use std::path::PathBuf;

use clap::Subcommand;
use xshell::{Shell, cmd};

use crate::{
    advisories,
    bindings::WITH_ACCOUNT,
    cargo_deny, language,
    progress::step,
    release_features, setup,
    source::{self, Source},
    structure,
};

/// A check that can be run alone.
#[derive(Subcommand)]
pub(crate) enum Check {
    /// Denied names, thin doc comments, tuple lets.
    Language,
    /// Circles between modules, floors of the issuer, long files.
    Structure,
    /// Advisories about our crates, from a `RustSec` database that is given.
    #[command(after_help = "Example: cargo xtask check advisories --db ../advisory-db")]
    Advisories {
        /// A clone of the `RustSec` database, or its unpacked archive; nothing is fetched.
        #[arg(long, value_name = "FOLDER")]
        db: PathBuf,
    },
}

/// Checks language and structure, or one of them, and prints all findings together.
fn check_sources(shell: &Shell, only: Option<&Check>) -> anyhow::Result<()> {
    let rust = source::files(shell, &["rs"])?;
    let read = |source: &Source| (language::of_rust(source), structure::File::of(source));
    let (language, files): (Vec<_>, Vec<_>) = source::map(&rust, read)?.into_iter().unzip();
    let mut findings = Vec::new();
    if !matches!(only, Some(Check::Structure)) {
        findings.extend(language.into_iter().flatten());
        findings.extend(source::files(shell, language::OTHERS)?.iter().flat_map(language::of_text));
    }
    if !matches!(only, Some(Check::Language)) {
        findings.extend(structure::findings(&files));
    }
    source::report(&findings)
}

/// Runs all checks, or only the one named.
pub(crate) fn run(shell: &Shell, only: Option<Check>) -> anyhow::Result<()> {
    match only {
        Some(Check::Advisories { db }) => return advisories::check(shell, &db),
        Some(only) => return check_sources(shell, Some(&only)),
        None => {}
    }
    step("format");
    cmd!(shell, "cargo fmt --all --check").run()?;
    cmd!(shell, "cargo fmt --manifest-path testing/fuzz/Cargo.toml --check").run()?;
    step("language and structure");
    check_sources(shell, None)?;
    step("features of the release");
    release_features::check(shell)?;
    step("licences, sources and doubled versions of dependencies");
    cargo_deny::run(shell)?;
    advisories::prove(shell)?;
    step("lints");
    // Clippy runs build scripts, and the one of zxing-cpp compiles C++.
    setup::install(shell, &[setup::CMAKE, setup::CXX])?;
    let strict = ["--", "-D", "warnings"];
    // `--all-targets` leaves out tests that are not run by default; `--test=*` has them all.
    for targets in ["--all-targets", "--test=*"] {
        let all = cmd!(shell, "cargo clippy --workspace {targets} --features");
        all.arg(WITH_ACCOUNT).args(strict).run()?;
    }
    // Its features remove code as well as add some.
    for features in ["", "account,testing"] {
        let bindings =
            cmd!(shell, "cargo clippy -p tegata-ffi --all-targets --features {features}");
        bindings.args(strict).run()?;
    }
    Ok(())
}
