//! The example of a till in docs/issuer.md, run against an issuer whose shopper pays.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context as _;
use serde_json::{Value, json};
use xshell::{Shell, cmd};

use crate::workspace;

const DOCUMENT: &str = "docs/issuer.md";
/// How the example begins, and what it has in place of what is only known when it runs.
const BEGINNING: &str = "```sh\nissuer=https://pay.example.org\n";
const ADDRESS: &str = "https://pay.example.org";
const ENROLMENT: &str = "CODE-OF-TILL-ADD";
const CODE: &str = "496012345678901234567890";
/// What it prints: the till's shop, the status of the payment, and of its void.
const PRINTED: [&str; 3] = ["Corner shop", "approved", "refunded"];

/// Runs it as it is written.
pub(super) fn test(shell: &Shell) -> anyhow::Result<()> {
    let document = shell.read_file(DOCUMENT)?;
    let (_, example) = document.split_once(BEGINNING).context("docs/issuer.md has no example")?;
    let (example, _) = example.split_once("\n```").context("the example does not end")?;
    cmd!(shell, "cargo build --quiet -p tegata-issuer --example till").run()?;
    let mut issuer = TestIssuer::start(shell)?;
    let ask = |issuer: &mut TestIssuer, what: Value, answer: &str| {
        let answered = issuer.ask(&what)?;
        let text = answered[answer].as_str().map(str::to_owned);
        text.with_context(|| format!("no {answer} for {what}"))
    };
    let till = json!({ "do": "till", "till": "till-1", "shop": PRINTED[0] });
    let enrolment = ask(&mut issuer, till, "code")?;
    issuer.ask(&json!({ "do": "shopper", "card": "pm_card_visa" }))?;
    let code = ask(&mut issuer, json!({ "do": "code", "shopper": 0 }), "code")?;
    let mut script = format!("issuer={ADDRESS}\n{example}\n");
    for (placeholder, value) in [(ADDRESS, &issuer.url), (ENROLMENT, &enrolment), (CODE, &code)] {
        anyhow::ensure!(script.contains(placeholder), "the example has no {placeholder}");
        script = script.replace(placeholder, value);
    }
    let printed = cmd!(shell, "bash -euo pipefail -c {script}").quiet().read()?;
    anyhow::ensure!(printed.lines().eq(PRINTED), "the example printed {printed:?}");
    Ok(())
}

/// The issuer that the tests of the till page use: a line of JSON in, a line of JSON out.
struct TestIssuer {
    child: Child,
    input: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    url: String,
}

impl TestIssuer {
    fn start(shell: &Shell) -> anyhow::Result<Self> {
        let program = workspace::target(shell)?.join("debug/examples/till");
        let mut child =
            Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().context("no input")?;
        let answers = BufReader::new(child.stdout.take().context("no output")?).lines();
        let mut issuer = Self { child, input, answers, url: String::new() };
        let address = issuer.answer()?;
        issuer.url.push_str(address["url"].as_str().context("no address")?);
        Ok(issuer)
    }

    fn ask(&mut self, what: &Value) -> anyhow::Result<Value> {
        writeln!(self.input, "{what}")?;
        self.answer()
    }

    fn answer(&mut self) -> anyhow::Result<Value> {
        let line = self.answers.next().context("the issuer has ended")??;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for TestIssuer {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
