//! What a change is held to before any test runs, the quickest first.

use xshell::{Shell, cmd};

use crate::{cargo_deny, setup, tree::step};

pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    step("format");
    cmd!(shell, "cargo fmt --all --check").run()?;
    cmd!(shell, "cargo fmt --manifest-path fuzz/Cargo.toml --check").run()?;
    step("licences, sources and doubled versions of dependencies");
    cargo_deny::run(shell)?;
    step("lints");
    // Clippy runs build scripts, and the one of zxing-cpp compiles C++.
    setup::install(shell, &[setup::CMAKE, setup::CXX])?;
    Ok(cmd!(shell, "cargo clippy --workspace --all-targets -- -D warnings").run()?)
}
