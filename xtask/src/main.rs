//! Set-up, tests, checks, benches and budgets of this workspace, in place of shell scripts.
//!
//! Exit codes: 0 success, 1 a check or test failed, 2 wrong usage.
#![forbid(unsafe_code)]

mod advisories;
mod android;
mod arm;
mod attack;
mod bench;
mod bindings;
mod budget;
mod cargo_deny;
mod cargo_tools;
mod check;
mod crash_tests;
mod debian;
mod docs;
mod elf;
mod failover;
mod fuzz;
mod generated;
mod java_tools;
mod kdoc;
mod kotlin_lint;
mod language;
mod link;
mod load;
mod model;
mod money;
mod package;
mod packaging;
mod part;
mod pictures;
mod progress;
mod python;
mod release_features;
mod setup;
mod size;
mod source;
mod stripe_mock;
mod structure;
mod swift;
mod symbols;
mod targets;
mod test_issuers;
mod till_page;
mod workspace;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, builder::PossibleValuesParser};

use crate::{bench::Selection, fuzz::Target, part::Part};

/// Tools for working on Tegata.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run the tests, set-up included: all of them, or the parts named.
    #[command(after_help = "Example: cargo xtask test rust docs")]
    Test {
        /// Parts to test; all if none is named.
        #[arg(value_name = "PART", value_parser = part::parser())]
        parts: Vec<&'static Part>,
    },
    /// Install the packages that the tests need, as far as they are missing.
    #[command(after_help = "Example: cargo xtask setup scanners")]
    Setup {
        /// Parts to set up; all if none is named.
        #[arg(value_name = "PART", value_parser = part::parser())]
        parts: Vec<&'static Part>,
    },
    /// Check what needs no test run: format, language, structure, licences of dependencies, lints.
    #[command(after_help = "Example: cargo xtask check")]
    Check {
        /// Run this check alone.
        #[command(subcommand)]
        only: Option<check::Check>,
    },
    /// Measure our code and its peers in one run, and compare ours with its target.
    #[command(after_help = "Example: cargo xtask bench qr code128 --json")]
    Bench {
        /// Rows to measure; all but growth and bindings if none is named.
        #[arg(value_name = "ROW", value_parser = bench::parser())]
        rows: Vec<Selection>,
        /// Print one JSON document instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Count the instructions of the hot paths, and compare them with testing/bench/budget.json.
    #[command(after_help = "Example: cargo xtask budget --write")]
    Budget {
        /// Write the counts into the file instead of comparing.
        #[arg(long)]
        write: bool,
        /// Print the counts of the build that apps load beside those of the fast build, instead of comparing.
        #[arg(long, conflicts_with = "write")]
        library: bool,
    },
    /// Fuzz the parsers of untrusted bytes, guided by coverage; needs the nightly toolchain.
    #[command(after_help = "Example: cargo xtask fuzz kinds --minutes 5")]
    Fuzz {
        /// Target to run; all, one after another, if none is named.
        #[arg(value_name = "TARGET", value_parser = fuzz::parser())]
        target: Option<&'static Target>,
        /// Minutes that each target runs.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        minutes: u32,
    },
    /// Search the recovery model for break-ins, and print which properties hold and what each control prevents.
    #[command(after_help = "Example: cargo xtask model --long")]
    Model {
        /// Give the attacker one more message, and two in flight at once.
        #[arg(long)]
        long: bool,
    },
    /// Attack the issuer with ten thousand guesses and ten thousand requests; `test` does the same for seconds.
    #[command(after_help = "Example: cargo xtask attack")]
    Attack,
    /// Check that the code of apps compiles for Android and iOS: types only; `link` links.
    #[command(after_help = "Example: cargo xtask targets aarch64-apple-ios")]
    Targets {
        /// Targets to check for; all if none is named.
        #[arg(value_name = "TARGET", value_parser = PossibleValuesParser::new(targets::TARGETS))]
        targets: Vec<String>,
    },
    /// Link the library for phones with stubs of the systems' libraries, and judge it: not for apps.
    Link {
        #[command(subcommand)]
        platform: link::Platform,
    },
    /// Generate the Kotlin, Swift and Python bindings of the release build into target/bindings.
    Bindings,
    /// Make the package that an app depends on, and test it outside of the workspace: into target/packages.
    #[command(after_help = "Example: cargo xtask package python")]
    Package {
        /// Language or platform of the package.
        kind: package::PackageKind,
    },
    /// Compare the size of the stripped library with bindings/size.json.
    #[command(after_help = "Example: cargo xtask size --android libtegata_ffi.so")]
    Size {
        /// Check this library for Android instead: page size, exported names, relocations.
        #[arg(long, value_name = "FILE")]
        android: Option<PathBuf>,
    },
    /// Take pictures of the live screen, the till page and Android's barcode view: into target/pictures.
    #[command(after_help = "Example: cargo xtask pictures --readme")]
    Pictures {
        /// Also replace the pictures of README in docs/pictures; every run shows other codes.
        #[arg(long)]
        readme: bool,
    },
    /// Pay under faults and kills, and compare three sums: the processor's, the store's and the tills'.
    #[command(after_help = "Example: cargo xtask money --payments 10000")]
    Money {
        /// Number of payments on each of the two stores.
        #[arg(long, default_value_t = 150)]
        payments: u32,
    },
    /// Fail a PostgreSQL primary in each way while tills pay, alone and under Patroni, and print how long they wait and what is lost; `test` kills one.
    #[command(after_help = "Example: cargo xtask failover")]
    Failover,
    /// Measure authorisations per second over HTTP on loopback, and the database's own limit.
    #[command(
        after_help = "Example: cargo xtask load --store sqlite --credentials 10000 --seconds 5"
    )]
    Load(load::Load),
    /// Simulate power cuts, kills and full disks at length; `test` does the same for half a minute.
    #[command(after_help = "Example: cargo xtask storms --rounds 1000")]
    Storms {
        /// Rounds of each kind of `kill -9`; a quarter as many random states for each power cut.
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(4..))]
        rounds: u32,
    },
}

fn main() -> ExitCode {
    let outcome = run(Arguments::parse().verb);
    progress::end_step();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<package::MissingTool>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// Whether `cargo xtask` takes these arguments.
fn is_command(arguments: &[&str]) -> bool {
    let arguments = ["cargo xtask"].into_iter().chain(arguments.iter().copied());
    Arguments::try_parse_from(arguments).is_ok()
}

fn run(verb: Verb) -> anyhow::Result<()> {
    let shell = workspace::shell()?;
    match verb {
        Verb::Test { parts } => part::test(&shell, &part::selected(parts), is_command),
        Verb::Setup { parts } => part::setup(&shell, &part::selected(parts)),
        Verb::Check { only } => check::run(&shell, only),
        Verb::Bench { rows, json } => bench::run(&shell, &rows, json),
        Verb::Budget { library: true, .. } => budget::compare_profiles(&shell),
        Verb::Budget { write, .. } => budget::run(&shell, write),
        Verb::Fuzz { target, minutes } => fuzz::run(&shell, target, minutes),
        Verb::Targets { targets } => targets::run(&shell, &targets),
        Verb::Link { platform } => link::run(&shell, &platform),
        Verb::Model { long } => model::run(&shell, long),
        Verb::Attack => attack::run(&shell),
        Verb::Bindings => bindings::write(&shell, bindings::Build::Release).map(drop),
        Verb::Package { kind } => package::run(&shell, kind),
        Verb::Size { android: None } => size::check(&shell),
        Verb::Size { android: Some(library) } => size::check_android(&library),
        Verb::Pictures { readme } => pictures::run(&shell, readme),
        Verb::Money { payments } => money::run(&shell, payments),
        Verb::Failover => failover::run(&shell),
        Verb::Load(load) => load.run(&shell),
        Verb::Storms { rounds } => crash_tests::run(&shell, rounds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage_error(arguments: &[&str]) -> clap::Error {
        match Arguments::try_parse_from(arguments) {
            Ok(_) => panic!("{arguments:?} was accepted"),
            Err(error) => error,
        }
    }

    #[test]
    fn the_usage_error_for_a_part_lists_the_known_ones() {
        let error = usage_error(&["cargo xtask", "test", "rust", "cobol"]);
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string();
        for part in part::PARTS {
            assert!(text.contains(part.name), "{text}");
        }
    }

    #[test]
    fn the_usage_error_for_a_row_lists_the_known_ones() {
        let error = usage_error(&["cargo xtask", "bench", "speed"]);
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("code128"));
    }

    #[test]
    fn commands_are_told_from_other_words() {
        assert!(is_command(&["test", "docs"]));
        assert!(!is_command(&["test", "cobol"]));
        assert!(!is_command(&["fly"]));
        assert!(is_command(&["check"]) && is_command(&["check", "structure"]));
        assert!(
            !is_command(&["check", "advisories"]),
            "without a database there is nothing to ask"
        );
    }

    #[test]
    fn parts_are_found_by_name() {
        let arguments = Arguments::try_parse_from(["cargo xtask", "test", "docs"]).unwrap();
        let Verb::Test { parts } = arguments.verb else { panic!("not the verb test") };
        assert_eq!(parts.iter().map(|part| part.name).collect::<Vec<_>>(), ["docs"]);
    }
}
