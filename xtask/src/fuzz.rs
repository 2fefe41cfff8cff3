//! Coverage-guided fuzzing, by cargo-fuzz. It wants the nightly toolchain and time, so it is no part of the tests; these
//! put every kept input through the same targets.

use anyhow::Context as _;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use xshell::{Shell, cmd};

use crate::{
    setup, tool,
    tree::{self, step},
};

/// The one place for cargo-fuzz's version.
const VERSION: &str = "0.13.2";

/// Something that takes bytes from outside. A new one is an entry here, a function in core/src/fuzz, and a program
/// in testing/fuzz/ that calls it.
pub(crate) struct Target {
    name: &'static str,
    about: &'static str,
}

const TARGETS: &[Target] = &[
    Target {
        name: "sealed_record",
        about: "a record's bytes in the file, and its text under the seal",
    },
    Target { name: "kinds", about: "the CBOR of every kind and of the manifest" },
    Target { name: "payment_code", about: "what a till sends, taken apart and verified" },
    Target { name: "otpauth", about: "otpauth and otpauth-migration URIs" },
    Target { name: "keystore_file", about: "the software keystore's file, and what it wraps" },
    Target { name: "vault_row", about: "a vault in which one value of one row was replaced" },
    Target { name: "till_card", about: "the card of a till, read by a phone" },
    Target {
        name: "moved",
        about: "what a phone reads from another one, and what is under its seal",
    },
    Target { name: "vault_file", about: "a whole vault's file" },
];

/// Reads a target's name; an unknown one is a usage error that names the known ones.
pub(crate) fn parser() -> impl TypedValueParser<Value = &'static Target> {
    let names = TARGETS.iter().map(|target| PossibleValue::new(target.name).help(target.about));
    PossibleValuesParser::new(names)
        .try_map(|name| TARGETS.iter().find(|it| it.name == name).ok_or("not a fuzz target"))
}

/// Runs one target or all, one after another, and stops at the first that finds something.
pub(crate) fn run(shell: &Shell, target: Option<&Target>, minutes: u32) -> anyhow::Result<()> {
    has_nightly(shell)?;
    // libFuzzer is C++.
    setup::install(shell, &[setup::CXX])?;
    let program = tool::program(shell, "cargo-fuzz", VERSION)?;
    let work = tree::target(shell)?.join("fuzz");
    let top = shell.current_dir();
    for target in target.map_or_else(|| TARGETS.iter().collect(), |it| vec![it]) {
        let Target { name, about } = target;
        step(&format!("fuzz {name} for {minutes} min: {about}"));
        // What is new goes into the first folder; the second is only read.
        let corpus = work.join("corpus").join(name);
        let seeds = top.join("testing/fuzz/seeds").join(name);
        shell.create_dir(&corpus)?;
        let found = work.join("found").join(name);
        shell.create_dir(&found)?;
        let found = found.join("");

        let mut limits = vec![format!("-artifact_prefix={}", found.display())];
        limits.push(format!("-max_total_time={}", u64::from(minutes) * 60));
        limits.extend(["-timeout=20".into(), "-print_final_stats=1".into()]);
        let words = top.join("testing/fuzz/dictionaries").join(format!("{name}.dict"));
        if words.exists() {
            limits.push(format!("-dict={}", words.display()));
        }
        cmd!(shell, "rustup run nightly {program} run --fuzz-dir fuzz --target-dir {work} {name}")
            .args([&corpus, &seeds])
            .arg("--")
            .args(&limits)
            // cargo names itself to what it runs, and cargo-fuzz would take this stable one for the nightly.
            .env_remove("CARGO")
            .run()
            .with_context(|| {
                format!("the target {name} failed; if by an input, that is in {}", found.display())
            })?;
    }
    Ok(())
}

fn has_nightly(shell: &Shell) -> anyhow::Result<()> {
    let found = cmd!(shell, "rustup run nightly rustc --version").quiet().ignore_stderr().read();
    let version = found.context(
        "fuzzing needs the nightly toolchain: `rustup toolchain install nightly`, then try again",
    )?;
    step(&version);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_target_has_its_program_and_every_program_is_a_target() {
        let shell = tree::shell().unwrap();
        let files = shell.read_dir("testing/fuzz/fuzz_targets").unwrap();
        let files: BTreeSet<_> = files
            .iter()
            .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        let names: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
        assert_eq!(files, names);
        let manifest = shell.read_file("testing/fuzz/Cargo.toml").unwrap();
        for name in names {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
            let program = shell.read_file(format!("testing/fuzz/fuzz_targets/{name}.rs")).unwrap();
            assert!(program.contains(&format!("tegata::fuzz::{name}(")), "{name}");
        }
    }

    #[test]
    fn without_the_nightly_toolchain_a_person_is_told_how_to_get_it() {
        let shell = Shell::new().unwrap();
        let nothing = shell.create_temp_dir().unwrap();
        shell.set_var("PATH", nothing.path());
        let error = run(&shell, None, 1).unwrap_err().to_string();
        assert!(error.contains("rustup toolchain install nightly"), "{error}");
    }
}
