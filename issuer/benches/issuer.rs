//! The issuer over HTTP, on both stores: `rates` measures how much it does, `enumeration` whether an account can be told by
//! the clock, `payments` how many codes are taken. `cargo xtask bench issuer` and its like run it; docs/performance.md has the figures.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench fails where it stands"
)]
#![allow(clippy::print_stdout, reason = "its results")]

mod enumeration;
mod payments;
mod rates;

use std::process::ExitCode;

use tegata_testkit::TestIssuer;

/// As the binary has it.
#[global_allocator]
static WIPED: zeroizing_alloc::ZeroAlloc<mimalloc::MiMalloc> =
    zeroizing_alloc::ZeroAlloc(mimalloc::MiMalloc);

fn main() -> ExitCode {
    // Cargo adds words of its own.
    let what = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let settings = "password_threads = 2\npassword_queue = 64\n";
    let towns = || {
        [
            ("SQLite", TestIssuer::with(settings)),
            ("PostgreSQL", TestIssuer::postgres_with(settings)),
        ]
    };
    match what.as_deref() {
        Some("issuer") => rates::print(&towns()),
        Some("enumeration") if enumeration::print(&towns()) => return ExitCode::FAILURE,
        Some("enumeration") => {}
        Some("payments") => payments::print(),
        _ => panic!("say what to measure: issuer, enumeration or payments"),
    }
    ExitCode::SUCCESS
}
