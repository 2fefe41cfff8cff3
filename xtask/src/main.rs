//! What a person would otherwise keep as shell scripts: set-up, tests, checks, benches and budgets of this tree.
//!
//! Exit codes: 0 done, 1 the answer is no, 2 wrong usage.
#![forbid(unsafe_code)]

mod android;
mod attack;
mod bench;
mod bindings;
mod budget;
mod cargo_deny;
mod check;
mod debian;
mod docs;
mod elf;
mod fuzz;
mod issuer;
mod java;
mod kdoc;
mod kotlin;
mod language;
mod load;
mod model;
mod money;
mod package;
mod part;
mod pictures;
mod python;
mod setup;
mod size;
mod source;
mod storms;
mod stripe_mock;
mod structure;
mod swift;
mod symbols;
mod targets;
mod throws;
mod till;
mod tool;
mod tree;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, builder::PossibleValuesParser};

use crate::{bench::Named, fuzz::Target, part::Part};

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
    /// Install what the tests need, and only what is missing.
    #[command(after_help = "Example: cargo xtask setup scanners")]
    Setup {
        /// Parts to make ready; all if none is named.
        #[arg(value_name = "PART", value_parser = part::parser())]
        parts: Vec<&'static Part>,
    },
    /// Check what needs no test run: format, lints, licences and sources of dependencies.
    #[command(after_help = "Example: cargo xtask check")]
    Check {
        /// Run this step alone.
        #[arg(hide = true)]
        only: Option<check::Step>,
    },
    /// Measure ours and the peers' in one run, and hold ours to its target.
    #[command(after_help = "Example: cargo xtask bench qr code128 --json")]
    Bench {
        /// Rows to measure; all but growth and bindings if none is named.
        #[arg(value_name = "ROW", value_parser = bench::parser())]
        rows: Vec<Named>,
        /// Print one JSON document instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Count the instructions of the hot paths and hold them to testing/bench/budget.json.
    #[command(after_help = "Example: cargo xtask budget --write")]
    Budget {
        /// Write what was counted into the file instead of comparing.
        #[arg(long)]
        write: bool,
        /// Count in the build that apps load as well, and show both, instead of comparing.
        #[arg(long, conflicts_with = "write")]
        library: bool,
    },
    /// Throw bytes at whatever takes bytes from outside, guided by coverage; needs the nightly toolchain.
    #[command(after_help = "Example: cargo xtask fuzz kinds --minutes 5")]
    Fuzz {
        /// Target to run; all, one after another, if none is named.
        #[arg(value_name = "TARGET", value_parser = fuzz::parser())]
        target: Option<&'static Target>,
        /// How long each runs.
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        minutes: u32,
    },
    /// Run thieves against what is decided about an account, and print what holds and what each control is there for.
    #[command(after_help = "Example: cargo xtask model --long")]
    Model {
        /// One message more of the thief, and two of his under way at once.
        #[arg(long)]
        long: bool,
    },
    /// Attack the issuer for long: ten thousand guesses, ten thousand requests; `test` does the same for seconds.
    #[command(after_help = "Example: cargo xtask attack")]
    Attack,
    /// Check that what goes into an app compiles for Android and iOS: types only, nothing is linked.
    #[command(after_help = "Example: cargo xtask targets aarch64-apple-ios")]
    Targets {
        /// Targets to check for; all if none is named.
        #[arg(value_name = "TARGET", value_parser = PossibleValuesParser::new(targets::TARGETS))]
        targets: Vec<String>,
    },
    /// Write the Kotlin, Swift and Python bindings of the release build into target/bindings.
    Bindings,
    /// Make what an app depends on, and use it where the tree is not: into target/packages.
    #[command(after_help = "Example: cargo xtask package python")]
    Package {
        /// Whom it is for.
        kind: package::Kind,
    },
    /// Hold the stripped shared library of the bindings to the bytes in bindings/size.json.
    #[command(after_help = "Example: cargo xtask size --android libtegata_ffi.so")]
    Size {
        /// Look at this library for Android instead: its pages, what it exports, and how it is relocated.
        #[arg(long, value_name = "FILE")]
        android: Option<PathBuf>,
    },
    /// Take pictures of the live screen, of the till page and of Android's barcode view into target/pictures.
    #[command(after_help = "Example: cargo xtask pictures --readme")]
    Pictures {
        /// Replace the pictures in docs/pictures that README shows, too; every run makes other codes.
        #[arg(long)]
        readme: bool,
    },
    /// Pay while everything breaks, and compare the three sums: the processor's, the rows' and the tills'.
    #[command(after_help = "Example: cargo xtask money --payments 10000")]
    Money {
        /// On each of the two stores.
        #[arg(long, default_value_t = 150)]
        payments: u32,
    },
    /// Take as many codes in a second as this machine does, over HTTP on loopback, beside what the database alone does.
    #[command(
        after_help = "Example: cargo xtask load --store sqlite --credentials 10000 --seconds 5"
    )]
    Load(load::Load),
    /// Cut the power, kill and fill the disk for long: `test` does the same for half a minute.
    #[command(after_help = "Example: cargo xtask storms --rounds 1000")]
    Storms {
        /// Rounds of `kill -9` of each sort; a quarter of them is the states drawn by lot for each cut.
        #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(4..))]
        rounds: u32,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<package::Missing>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn run(verb: Verb) -> anyhow::Result<()> {
    let shell = tree::shell()?;
    match verb {
        Verb::Test { parts } => part::test(&shell, &part::or_all(parts)),
        Verb::Setup { parts } => part::setup(&shell, &part::or_all(parts)),
        Verb::Check { only } => check::run(&shell, only),
        Verb::Bench { rows, json } => bench::run(&shell, &rows, json),
        Verb::Budget { library: true, .. } => budget::price_of_size(&shell),
        Verb::Budget { write, .. } => budget::run(&shell, write),
        Verb::Fuzz { target, minutes } => fuzz::run(&shell, target, minutes),
        Verb::Targets { targets } => targets::run(&shell, &targets),
        Verb::Model { long } => model::run(&shell, long),
        Verb::Attack => attack::run(&shell),
        Verb::Bindings => bindings::write(&shell, bindings::Build::Release).map(drop),
        Verb::Package { kind } => package::run(&shell, kind),
        Verb::Size { android: None } => size::hold(&shell),
        Verb::Size { android: Some(library) } => size::look_at_android(&library),
        Verb::Pictures { readme } => pictures::run(&shell, readme),
        Verb::Money { payments } => money::run(&shell, payments),
        Verb::Load(load) => load.run(&shell),
        Verb::Storms { rounds } => storms::run(&shell, rounds),
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
    fn an_unknown_part_is_a_usage_error_that_names_the_known_ones() {
        let error = usage_error(&["cargo xtask", "test", "rust", "cobol"]);
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string();
        for part in part::PARTS {
            assert!(text.contains(part.name), "{text}");
        }
    }

    #[test]
    fn an_unknown_row_is_a_usage_error_that_names_the_known_ones() {
        let error = usage_error(&["cargo xtask", "bench", "speed"]);
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("code128"));
    }

    #[test]
    fn parts_and_rows_are_found_by_name() {
        let arguments = Arguments::try_parse_from(["cargo xtask", "test", "docs"]).unwrap();
        let Verb::Test { parts } = arguments.verb else { panic!("not the verb test") };
        assert_eq!(parts.iter().map(|part| part.name).collect::<Vec<_>>(), ["docs"]);
    }
}
