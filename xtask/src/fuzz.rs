//! Coverage-guided fuzzing with cargo-fuzz. It needs the nightly toolchain and time, so the tests leave it out and run the
//! same targets on every stored input instead.

use anyhow::Context as _;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use xshell::{Shell, cmd};

use crate::{cargo_tools, progress::step, setup, workspace};

/// The version of cargo-fuzz, declared here and nowhere else.
const VERSION: &str = "0.13.2";

/// A function that takes bytes from outside. To add one, add an entry here, a function in core/src/fuzz, and a program in
/// testing/fuzz/ that calls it.
pub(crate) struct Target {
    name: &'static str,
    about: &'static str,
}

const TARGETS: &[Target] = &[
    Target {
        name: "sealed_record",
        about: "a record's bytes in the file, and its text once opened",
    },
    Target { name: "kinds", about: "the CBOR of every kind and of the manifest" },
    Target { name: "payment_code", about: "what a till sends, decoded and verified" },
    Target { name: "otpauth", about: "otpauth and otpauth-migration URIs" },
    Target { name: "keystore_file", about: "the software keystore's file, and what it wraps" },
    Target { name: "vault_row", about: "a vault in which one value of one row was replaced" },
    Target { name: "till_card", about: "the signed card of a till, read by a phone" },
    Target { name: "moved", about: "what a phone reads from another one, sealed and opened" },
    Target { name: "vault_file", about: "a whole vault's file" },
];

/// Reads a target's name; an unknown one is a usage error that names the known ones.
pub(crate) fn parser() -> impl TypedValueParser<Value = &'static Target> {
    let names = TARGETS.iter().map(|target| PossibleValue::new(target.name).help(target.about));
    PossibleValuesParser::new(names)
        .try_map(|name| TARGETS.iter().find(|it| it.name == name).ok_or("not a fuzz target"))
}

/// Runs one target, or all one after another, and stops at the first failure.
pub(crate) fn run(shell: &Shell, target: Option<&Target>, minutes: u32) -> anyhow::Result<()> {
    require_nightly(shell)?;
    // libFuzzer is C++.
    setup::install(shell, &[setup::CXX])?;
    let program = cargo_tools::install(shell, "cargo-fuzz", VERSION)?;
    let work = workspace::target(shell)?.join("fuzz");
    let top = shell.current_dir();
    for target in target.map_or_else(|| TARGETS.iter().collect(), |it| vec![it]) {
        let Target { name, about } = target;
        step(&format!("fuzz {name} for {minutes} min: {about}"));
        // New inputs go into the first folder; the second is only read.
        let corpus = work.join("corpus").join(name);
        let seeds = top.join("testing/fuzz/seeds").join(name);
        shell.create_dir(&corpus)?;
        // With a slash at its end, because it is a prefix.
        let found = work.join("found").join(name).join("");
        shell.create_dir(&found)?;

        let mut limits = vec![format!("-artifact_prefix={}", found.display())];
        limits.push(format!("-max_total_time={}", u64::from(minutes) * 60));
        limits.extend(["-timeout=20".into(), "-print_final_stats=1".into()]);
        let dictionary = top.join("testing/fuzz/dictionaries").join(format!("{name}.dict"));
        if dictionary.exists() {
            limits.push(format!("-dict={}", dictionary.display()));
        }
        cmd!(
            shell,
            "rustup run nightly {program} run --fuzz-dir testing/fuzz --target-dir {work} {name}"
        )
        .args([&corpus, &seeds])
        .arg("--")
        .args(&limits)
        // Set by the cargo that runs xtask; cargo-fuzz would use that one instead of the nightly.
        .env_remove("CARGO")
        .run()
        .with_context(|| {
            format!(
                "the target {name} failed; if an input made it fail, it is in {}",
                found.display()
            )
        })?;
    }
    Ok(())
}

fn require_nightly(shell: &Shell) -> anyhow::Result<()> {
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
    fn targets_and_programs_match() {
        let shell = workspace::shell().unwrap();
        let paths = shell.read_dir("testing/fuzz/fuzz_targets").unwrap();
        let files: BTreeSet<_> = paths
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
    fn without_the_nightly_the_error_says_how_to_install_it() {
        let shell = Shell::new().unwrap();
        let nothing = shell.create_temp_dir().unwrap();
        shell.set_var("PATH", nothing.path());
        let error = run(&shell, None, 1).unwrap_err().to_string();
        assert!(error.contains("rustup toolchain install nightly"), "{error}");
    }
}
