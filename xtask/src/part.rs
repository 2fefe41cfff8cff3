//! The parts of the test suite. A new part is one entry here: its name, what it needs, what it runs.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use xshell::{Shell, cmd};

use crate::{
    android, attack,
    bindings::{Build, WITH_ACCOUNT},
    docs, issuer, kotlin, money, package, python,
    setup::{self, Package},
    stripe_mock, swift, till,
    tree::step,
};

pub(crate) struct Part {
    pub(crate) name: &'static str,
    about: &'static str,
    needs: &'static [Package],
    run: fn(&Shell) -> anyhow::Result<()>,
}

pub(crate) const PARTS: &[Part] = &[
    Part {
        name: "rust",
        about: "unit, integration and doc tests of core, bindings, command line and xtask; power cuts and full disks",
        needs: &[setup::GDB, setup::OATHTOOL],
        run: |shell| {
            cmd!(
                shell,
                "cargo test -p tegata -p tegata-ffi -p tegata-cli -p tegata-crash-tests -p xtask"
            )
            .args(["--features", WITH_ACCOUNT])
            .run()?;
            // Of the build that ships: what is left in memory is the optimiser's business, too.
            Ok(cmd!(shell, "cargo test --release -p tegata --test canaries").run()?)
        },
    },
    Part {
        name: "model",
        about: "thieves against what is decided about an account: every run within bounds",
        needs: &[],
        run: |shell| Ok(cmd!(shell, "cargo test --release -p tegata-model -- --nocapture").run()?),
    },
    Part {
        name: "scanners",
        about: "what we draw, read back by scanners that are not ours",
        needs: &[setup::CMAKE, setup::CXX, setup::ZBAR],
        run: |shell| Ok(cmd!(shell, "cargo test -p tegata-scanners").run()?),
    },
    Part {
        name: "store",
        about: "the issuer, on SQLite and on a PostgreSQL of its own: its store, its service, and accounts under attack",
        needs: &[setup::GDB, setup::POSTGRESQL],
        run: |shell| {
            cmd!(shell, "cargo test -p tegata-issuer").run()?;
            Ok(cmd!(shell, "cargo test -p tegata-issuer --test store").run()?)
        },
    },
    Part {
        name: "processor",
        about: "cards charged: the adapter against Stripe's own test server; the sums of a few payments under faults and kills",
        needs: &[setup::GO, setup::POSTGRESQL],
        run: |shell| {
            stripe_mock::test(shell)?;
            money::run(shell, 60)
        },
    },
    Part {
        name: "http",
        about: "the issuer's interface against its description, by schemathesis",
        needs: &[setup::PYTHON],
        run: attack::few_requests,
    },
    Part {
        name: "python",
        about: "the Python library, driven from Python; its wheel, installed elsewhere",
        needs: &[setup::PYTHON],
        run: |shell| issuer::beside(shell, python::test_library),
    },
    Part {
        name: "kotlin",
        about: "the Kotlin library, its form, driven from Kotlin and Java; its jar, from a program of its own",
        needs: &[setup::JDK, setup::MAVEN],
        run: |shell| {
            kotlin::check(shell, "bindings/kotlin")?;
            issuer::beside(shell, |shell| package::try_kotlin(shell, Build::Testing))
        },
    },
    Part {
        name: "android",
        about: "the Android library, compiled against Android's API and run with the real core and a real issuer; its view, read by scanners; Android Lint; its AAR; shrunk by R8",
        needs: android::NEEDS,
        run: android::test,
    },
    Part {
        name: "swift",
        about: "the Swift library, driven from Swift 6 on Linux; its package, in another one",
        needs: &[setup::BUBBLEWRAP, setup::MMDEBSTRAP],
        run: |shell| issuer::beside(shell, swift::test_library),
    },
    Part {
        name: "mail",
        about: "the issuer's mail, taken by a server that is not ours",
        needs: &[setup::PYTHON],
        run: python::test_mail,
    },
    Part {
        name: "till",
        about: "the till page in Chromium: a camera that sees the wallet's screen, a scanner that types, a network that goes",
        needs: till::NEEDS,
        run: till::test,
    },
    Part {
        name: "docs",
        about: "rustdoc without a warning, links, list of decisions, what README says; the description of the interface; a vault read by Python",
        needs: &[setup::PYTHON],
        run: |shell| {
            docs::check(shell)?;
            python::validate_interface(shell)?;
            python::test_reader(shell)
        },
    },
];

/// Reads a part's name; an unknown one is a usage error that names the known ones.
pub(crate) fn parser() -> impl TypedValueParser<Value = &'static Part> {
    let names = PARTS.iter().map(|part| PossibleValue::new(part.name).help(part.about));
    PossibleValuesParser::new(names).try_map(|name| {
        PARTS.iter().find(|part| part.name == name).ok_or("not a part of the test suite")
    })
}

pub(crate) fn or_all(named: Vec<&'static Part>) -> Vec<&'static Part> {
    if named.is_empty() { PARTS.iter().collect() } else { named }
}

/// Makes everything ready first: a missing package should not surface after ten minutes of tests.
pub(crate) fn test(shell: &Shell, parts: &[&Part]) -> anyhow::Result<()> {
    setup(shell, parts)?;
    for part in parts {
        step(&format!("test {}: {}", part.name, part.about));
        (part.run)(shell)?;
    }
    Ok(())
}

pub(crate) fn setup(shell: &Shell, parts: &[&Part]) -> anyhow::Result<()> {
    let needs: Vec<Package> = parts.iter().flat_map(|part| part.needs).copied().collect();
    setup::install(shell, &needs)?;
    if needs.contains(&setup::PYTHON) {
        python::environment(shell)?;
    }
    Ok(())
}
