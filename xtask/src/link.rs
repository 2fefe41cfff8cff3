//! The library linked for phones without their makers' toolchains, and judged: for checks, never for a library that ships
//! (docs/adr/0053-linked-with-stubs.md).

pub(crate) mod android;
mod bionic;
mod scenarios;
mod zig;

use clap::{Subcommand, builder::PossibleValuesParser};
use xshell::Shell;

use crate::setup;

/// The system to link for.
#[derive(Subcommand)]
pub(crate) enum Platform {
    /// Link for Android's processors: 16 KiB pages, exports, imports of API 26, size; run the scenarios on x86-64.
    #[command(after_help = "Example: cargo xtask link android aarch64-linux-android")]
    Android {
        /// Targets to link for; all if none is named.
        #[arg(value_name = "TARGET", value_parser = PossibleValuesParser::new(android::linked().map(|it| it.rust)))]
        targets: Vec<String>,
    },
}

pub(crate) fn run(shell: &Shell, platform: &Platform) -> anyhow::Result<()> {
    match platform {
        Platform::Android { targets } => {
            setup::install(shell, android::NEEDS)?;
            for target in android::linked().filter(|it| is_selected(targets, it.rust)) {
                android::link(shell, target)?;
            }
            if is_selected(targets, android::ON_THIS_MACHINE.rust) {
                setup::install(shell, scenarios::NEEDS)?;
                scenarios::run(shell)?;
            }
        }
    }
    Ok(())
}

fn is_selected(targets: &[String], name: &str) -> bool {
    targets.is_empty() || targets.iter().any(|it| it == name)
}
