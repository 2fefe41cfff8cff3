//! What a change is held to before any test runs, the quickest first.

use clap::ValueEnum;
use xshell::{Shell, cmd};

use crate::{bindings::WITH_ACCOUNT, cargo_deny, language, setup, source, structure, tree::step};

/// A step that can be run alone.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Step {
    Language,
    Structure,
}

impl Step {
    fn run(self, shell: &Shell) -> anyhow::Result<()> {
        let rust = source::files(shell, &["rs"])?;
        source::report(&match self {
            Self::Language => {
                let mut findings: Vec<_> = source::map(&rust, language::of_rust)?;
                findings
                    .extend(source::files(shell, language::OTHERS)?.iter().map(language::of_text));
                findings.concat()
            }
            Self::Structure => structure::findings(&source::map(&rust, structure::File::of)?),
        })
    }
}

pub(crate) fn run(shell: &Shell, only: Option<Step>) -> anyhow::Result<()> {
    if let Some(only) = only {
        return only.run(shell);
    }
    step("format");
    cmd!(shell, "cargo fmt --all --check").run()?;
    cmd!(shell, "cargo fmt --manifest-path testing/fuzz/Cargo.toml --check").run()?;
    step("licences, sources and doubled versions of dependencies");
    cargo_deny::run(shell)?;
    step("lints");
    // Clippy runs build scripts, and the one of zxing-cpp compiles C++.
    setup::install(shell, &[setup::CMAKE, setup::CXX])?;
    let strict = ["--", "-D", "warnings"];
    // All targets are not those that `cargo test` leaves to parts of their own; all tests are.
    for targets in ["--all-targets", "--test=*"] {
        let all = cmd!(shell, "cargo clippy --workspace {targets} --features");
        all.arg(WITH_ACCOUNT).args(strict).run()?;
    }
    // Its features take code away as well as add some.
    for features in ["", "account,testing"] {
        let bindings =
            cmd!(shell, "cargo clippy -p tegata-ffi --all-targets --features {features}");
        bindings.args(strict).run()?;
    }
    Ok(())
}
