//! The issuer attacked at length: what its tests do for seconds, thousands of times.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{progress::step, python, setup, workspace};

/// Concurrent guesses at one code.
const GUESSES: &str = "10000";
/// Generated requests to the interface, here and in the tests.
const REQUESTS: u32 = 10_000;
const FEW_REQUESTS: u32 = 100;
/// Requests of honest clients while others never read, and reconnect for ever.
const HONEST_REQUESTS: &str = "5000";
/// Hooks of schemathesis, which sign requests.
const HOOKS: &str = "issuer/tests/http";

pub(crate) fn run(shell: &Shell) -> anyhow::Result<()> {
    setup::install(shell, &[setup::POSTGRESQL, setup::PYTHON])?;
    step("ten thousand guesses at one code, on both stores");
    let guesses = "test -p tegata-issuer --test accounts guesses";
    cmd!(shell, "cargo").args(guesses.split(' ')).env("TEGATA_TEST_GUESSES", GUESSES).run()?;
    step("five thousand honest requests while others hold connections, with their p99");
    let connections = "test -p tegata-issuer --test connections honest -- --nocapture";
    cmd!(shell, "cargo")
        .args(connections.split(' '))
        .env("TEGATA_TEST_HONEST_REQUESTS", HONEST_REQUESTS)
        .run()?;
    step("ten thousand requests, valid and almost valid by the interface's description");
    send_requests(shell, REQUESTS)
}

/// Sends the requests of the short form, for `cargo xtask test http`.
pub(crate) fn send_few_requests(shell: &Shell) -> anyhow::Result<()> {
    send_requests(shell, FEW_REQUESTS)
}

/// Starts an issuer and has schemathesis send about `count` requests to it. No response may be an internal error, and each
/// has to match the description.
fn send_requests(shell: &Shell, count: u32) -> anyhow::Result<()> {
    let python = python::environment(shell)?;
    let example = "run --quiet -p tegata-issuer --example target";
    let mut command = Command::from(cmd!(shell, "cargo").args(example.split(' ')));
    let mut issuer = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(issuer.stdout.take().context("no output")?).read_line(&mut line)?;
    let target: serde_json::Value =
        serde_json::from_str(&line).context("the issuer did not start")?;
    let document = format!("{}/openapi.json", target["url"].as_str().context("no address")?);
    let operations = 47;
    let examples = (count / operations).to_string();
    let hooks = shell.current_dir().join(HOOKS);
    let folder = workspace::target(shell)?;
    let answers = folder.join("answers.json");
    // It keeps its findings in the current folder.
    let _folder = shell.push_dir(&folder);
    let outcome = cmd!(shell, "{python} -B -c")
        .arg("from schemathesis.cli import schemathesis; schemathesis()")
        .args([
            "run",
            &document,
            "--max-examples",
            &examples,
            "--workers",
            "2",
            "--warnings",
            "off",
        ])
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
    // The issuer ends when its input does.
    drop(issuer.stdin.take());
    issuer.wait()?;
    outcome.context("a response does not match the description")?;
    require_handled(&shell.read_file(&answers)?)
}

/// Statuses given before a request reaches its handler: not authenticated, not found, malformed, wrong method or type.
const BEFORE_HANDLER: [u16; 8] = [400, 401, 404, 405, 406, 411, 413, 415];

/// Fails unless each operation was answered by its handler at least once. `answers` is JSON: statuses by operation.
fn require_handled(answers: &str) -> anyhow::Result<()> {
    let answers: BTreeMap<String, Vec<u16>> = serde_json::from_str(answers)?;
    anyhow::ensure!(!answers.is_empty(), "no response was recorded");
    let is_unhandled = |statuses: &[u16]| statuses.iter().all(|it| BEFORE_HANDLER.contains(it));
    let unhandled: Vec<String> = answers
        .iter()
        .filter(|(_, statuses)| is_unhandled(statuses))
        .map(|(operation, statuses)| format!("{operation}: {statuses:?}"))
        .collect();
    anyhow::ensure!(unhandled.is_empty(), "never reached a handler:\n{}", unhandled.join("\n"));
    Ok(())
}
