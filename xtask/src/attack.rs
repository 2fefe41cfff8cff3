//! The issuer attacked for long: what the tests do in seconds, thousands of times.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{python, setup, tree, tree::step};

/// Guesses at one code, all at once, and requests thrown at the interface.
const GUESSES: &str = "10000";
const REQUESTS: u32 = 10_000;
/// Requests in the tests.
const FEW: u32 = 100;
/// The hooks of schemathesis: they sign.
const HOOKS: &str = "issuer/tests/http";

pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    setup::install(shell, &[setup::POSTGRESQL, setup::PYTHON])?;
    step("ten thousand guesses at one code, on both stores");
    let guesses = "test -p tegata-issuer --test accounts guesses";
    cmd!(shell, "cargo").args(guesses.split(' ')).env("TEGATA_TEST_GUESSES", GUESSES).run()?;
    step("ten thousand requests that the description of the interface allows, or just not");
    requests(shell, REQUESTS)
}

/// The short form.
pub(crate) fn few_requests(shell: &Shell) -> anyhow::Result<()> {
    requests(shell, FEW)
}

/// Starts an issuer and has schemathesis throw about so many requests at it: no answer may be a fault, and each has to be
/// as the description says.
fn requests(shell: &Shell, about: u32) -> anyhow::Result<()> {
    let python = python::environment(shell)?;
    let example = "run --quiet -p tegata-issuer --example target";
    let mut target = Command::from(cmd!(shell, "cargo").args(example.split(' ')));
    let mut target = target.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(target.stdout.take().context("no output")?).read_line(&mut line)?;
    let target_is: serde_json::Value =
        serde_json::from_str(&line).context("the issuer did not start")?;
    let document = format!("{}/openapi.json", target_is["url"].as_str().context("no address")?);
    let operations = 39;
    let each = (about / operations).to_string();
    let hooks = shell.current_dir().join(HOOKS);
    let folder = tree::target(shell)?;
    let answers = folder.join("answers.json");
    // It keeps what it found beside where it runs.
    let _there = shell.push_dir(&folder);
    let thrown = cmd!(shell, "{python} -B -c")
        .arg("from schemathesis.cli import schemathesis; schemathesis()")
        .args(["run", &document, "--max-examples", &each, "--workers", "2", "--warnings", "off"])
        .args(["--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--checks"])
        .arg(
            "not_a_server_error,status_code_conformance,content_type_conformance,\
             response_headers_conformance,response_schema_conformance,unsupported_method",
        )
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", hooks)
        .env("TEGATA_TARGET", line.trim())
        .env("TEGATA_ANSWERS", &answers)
        .run();
    // It ends with its input.
    drop(target.stdin.take());
    target.wait()?;
    thrown.context("an answer is not as it has to be")?;
    behind_the_door(&shell.read_file(&answers)?)
}

/// What is answered before anybody looks at what was asked for: who is not known, what is not there or not well formed,
/// and what was asked in another way.
const AT_THE_DOOR: [u16; 8] = [400, 401, 404, 405, 406, 411, 413, 415];

/// Each call has to be answered, at least once, by what does the work.
fn behind_the_door(answers: &str) -> anyhow::Result<()> {
    let answers: BTreeMap<String, Vec<u16>> = serde_json::from_str(answers)?;
    anyhow::ensure!(!answers.is_empty(), "it is not known what was answered");
    let turned_away = |statuses: &[u16]| statuses.iter().all(|it| AT_THE_DOOR.contains(it));
    let calls = answers.iter().filter(|(_, statuses)| turned_away(statuses));
    let calls: Vec<_> = calls.map(|(call, statuses)| format!("{call}: {statuses:?}")).collect();
    anyhow::ensure!(calls.is_empty(), "never got past the door:\n{}", calls.join("\n"));
    Ok(())
}
