//! The parts of the test suite. To add one, add an entry here: its name, the packages that it needs, what it runs.

use std::time::Instant;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use xshell::{Shell, cmd};

use crate::{
    android, arm, attack,
    bindings::{Build, WITH_ACCOUNT},
    docs, kotlin_lint, money, package, packaging,
    progress::{self, step},
    python,
    setup::{self, Package},
    stripe_mock, swift, test_issuers, till_page,
};

/// Tells whether `cargo xtask` takes these arguments.
type IsCommand = fn(&[&str]) -> bool;

pub(crate) struct Part {
    pub(crate) name: &'static str,
    about: &'static str,
    needs: &'static [Package],
    run: fn(&Shell, IsCommand) -> anyhow::Result<()>,
}

pub(crate) const PARTS: &[Part] = &[
    Part {
        name: "rust",
        about: "unit, integration and doc tests of core, policy, bindings, command line and xtask; power cuts and full disks",
        needs: &[setup::GDB, setup::OATHTOOL, setup::POSTGRESQL],
        run: |shell, _| {
            cmd!(
                shell,
                "cargo test -p tegata -p tegata-policy -p tegata-ffi -p tegata-cli -p tegata-crash-tests -p xtask"
            )
            .args(["--features", WITH_ACCOUNT])
            .run()?;
            // With the build that ships, because the optimiser decides what stays in memory.
            Ok(cmd!(shell, "cargo test --release -p tegata --test canaries").run()?)
        },
    },
    Part {
        name: "arm",
        about: "the core's tests of codes, cryptography and vaults on phones' processors, in qemu, with both sizes of pages",
        needs: arm::NEEDS,
        run: |shell, _| arm::test(shell),
    },
    Part {
        name: "model",
        about: "the recovery model: every sequence of actions within bounds",
        needs: &[],
        run: |shell, _| {
            Ok(cmd!(shell, "cargo test --release -p tegata-model -- --nocapture").run()?)
        },
    },
    Part {
        name: "scanners",
        about: "our symbols, read by independent scanners",
        needs: &[setup::CMAKE, setup::CXX, setup::ZBAR],
        run: |shell, _| Ok(cmd!(shell, "cargo test -p tegata-scanners").run()?),
    },
    Part {
        name: "store",
        about: "the issuer on SQLite and PostgreSQL: its store, its service, and accounts under attack",
        needs: &[setup::GDB, setup::PGBOUNCER, setup::POSTGRESQL],
        run: |shell, _| {
            cmd!(shell, "cargo test -p tegata-issuer").run()?;
            Ok(cmd!(shell, "cargo test -p tegata-issuer --test store").run()?)
        },
    },
    Part {
        name: "processor",
        about: "card charges: the adapter against Stripe's test server; a few payments under faults and kills",
        needs: &[setup::GO, setup::POSTGRESQL],
        run: |shell, _| {
            stripe_mock::test(shell)?;
            money::run(shell, 60)
        },
    },
    Part {
        name: "http",
        about: "the issuer's HTTP interface against its OpenAPI description, by schemathesis",
        needs: &[setup::PYTHON],
        run: |shell, _| attack::send_few_requests(shell),
    },
    Part {
        name: "python",
        about: "the Python library and its wheel, installed outside of the workspace",
        needs: &[setup::PYTHON],
        run: |shell, _| {
            test_issuers::run_with(shell, |shell| {
                python::test_library(shell)?;
                package::python::test(shell, Build::Testing)
            })
        },
    },
    Part {
        name: "kotlin",
        about: "the Kotlin library from Kotlin and Java, its format and lints; its jar, used by another program",
        needs: &[setup::JDK, setup::MAVEN],
        run: |shell, _| {
            kotlin_lint::check(shell, "bindings/kotlin")?;
            test_issuers::run_with(shell, |shell| package::kotlin::test(shell, Build::Testing))
        },
    },
    Part {
        name: "android",
        about: "the Android library with the real core and a real issuer; its view, read by scanners; its format and lints; its AAR; shrunk by R8",
        needs: android::NEEDS,
        run: |shell, _| android::test(shell),
    },
    Part {
        name: "swift",
        about: "the Swift library with Swift 6 on Linux; its package, used by another one",
        needs: &[setup::BUBBLEWRAP, setup::MMDEBSTRAP],
        run: |shell, _| {
            test_issuers::run_with(shell, |shell| {
                swift::test_library(shell)?;
                package::swift::test(shell, Build::Testing)
            })
        },
    },
    Part {
        name: "mail",
        about: "the issuer's mail, received by an independent SMTP server",
        needs: &[setup::PYTHON],
        run: |shell, _| python::test_mail(shell),
    },
    Part {
        name: "till",
        about: "the till page in Chromium: a camera that sees the wallet's screen, a scanner that types, a lost connection",
        needs: till_page::NEEDS,
        run: |shell, _| till_page::test(shell),
    },
    Part {
        name: "packaging",
        about: "the files for operators: systemd unit, proxies, alerts, by the programs that they are for",
        needs: packaging::NEEDS,
        run: |shell, _| packaging::test(shell),
    },
    Part {
        name: "docs",
        about: "rustdoc without a warning, links, decision records, what README says; the OpenAPI description; a vault read by Python",
        needs: &[setup::PYTHON],
        run: |shell, is_command| {
            docs::check(shell, is_command)?;
            python::validate_openapi(shell)?;
            python::test_reader(shell)
        },
    },
];

/// Parses a part's name; the usage error for an unknown one lists the known ones.
pub(crate) fn parser() -> impl TypedValueParser<Value = &'static Part> {
    let names = PARTS.iter().map(|part| PossibleValue::new(part.name).help(part.about));
    PossibleValuesParser::new(names).try_map(|name| {
        PARTS.iter().find(|part| part.name == name).ok_or("not a part of the test suite")
    })
}

/// The parts selected on the command line; all if none is.
pub(crate) fn selected(parts: Vec<&'static Part>) -> Vec<&'static Part> {
    if parts.is_empty() { PARTS.iter().collect() } else { parts }
}

/// Runs the parts one after another, and prints how long each took. Everything is set up first, because a missing package
/// should not be noticed after ten minutes of tests.
pub(crate) fn test(shell: &Shell, parts: &[&Part], is_command: IsCommand) -> anyhow::Result<()> {
    setup(shell, parts)?;
    let mut times = Vec::new();
    let mut outcome = Ok(());
    for part in parts {
        step(&format!("test {}: {}", part.name, part.about));
        let started = Instant::now();
        outcome = (part.run)(shell, is_command);
        progress::end_step();
        times.push((part.name, started.elapsed()));
        if outcome.is_err() {
            break;
        }
    }
    for (name, time) in times {
        eprintln!("part {name}: {}", progress::seconds(time));
    }
    outcome
}

/// Installs the packages that the parts need.
pub(crate) fn setup(shell: &Shell, parts: &[&Part]) -> anyhow::Result<()> {
    let needs: Vec<Package> = parts.iter().flat_map(|part| part.needs).copied().collect();
    setup::install(shell, &needs)?;
    if needs.contains(&setup::PYTHON) {
        python::environment(shell)?;
    }
    Ok(())
}
