//! What a change is held to before any test runs, the quickest first.

use xshell::{Shell, cmd};

use crate::{bindings::WITH_ACCOUNT, cargo_deny, setup, tree::step};

pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
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
