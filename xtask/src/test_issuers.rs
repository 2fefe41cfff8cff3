//! Issuers for the tests of other languages: the real program on loopback, its files in a temporary folder.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{progress::step, workspace};

/// Variable with the issuer's address; without it the account scenarios fail.
pub(crate) const ISSUER: &str = "TEGATA_TEST_ISSUER";
/// Variable with the address of that issuer's mailbox.
pub(crate) const MAILBOX: &str = "TEGATA_TEST_MAILBOX";
/// Variable with the address of a second issuer, on which the operator has stopped all that shoppers do.
pub(crate) const STOPPED: &str = "TEGATA_TEST_ISSUER_STOPPED";
/// Variable with the token of a till at the first issuer.
pub(crate) const TILL: &str = "TEGATA_TEST_TILL";
/// All scenarios of a language come from one network.
const REQUESTS_PER_MINUTE: (&str, &str) = ("TEGATA_ISSUER_REQUESTS_PER_MINUTE", "60000");
const STOP: &str = "issuer stop --all --by tests --why scenarios";
const ADD_TILL: &str = "issuer till add till-1 --shop Shop --by tests --why scenarios";

/// Runs `work` while two issuers are up; the variables above name them.
pub(crate) fn run_with(
    shell: &Shell,
    work: impl FnOnce(&Shell) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    step("starting two issuers, one of which is stopped");
    cmd!(shell, "cargo build --quiet -p tegata-cli").run()?;
    let program = workspace::target(shell)?.join("debug/tegata");
    let folder = shell.create_temp_dir()?;
    let stopped_folder = shell.create_temp_dir()?;
    let issuer = IssuerProcess::start(&program, folder.path())?;
    let stopped = IssuerProcess::start(&program, stopped_folder.path())?;
    let operate = |folder: &Path, words: &str| {
        let output = Command::new(&program).args(words.split(' ')).current_dir(folder).output()?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    operate(stopped_folder.path(), STOP)?;
    let added = operate(folder.path(), ADD_TILL)?;
    let code = added.lines().next().context("no enrolment code for a till")?;
    let _till = shell.push_env(TILL, enrol_till(&issuer.url, code)?);
    let _mailbox = shell.push_env(MAILBOX, format!("{}/dev/mailbox.json", issuer.internal_url));
    let _issuer = shell.push_env(ISSUER, &issuer.url);
    let _stopped = shell.push_env(STOPPED, &stopped.url);
    work(shell)
}

/// Enrols a till with its code; returns its token.
fn enrol_till(issuer: &str, code: &str) -> anyhow::Result<String> {
    let host = issuer.strip_prefix("http://").context("not on loopback")?;
    let body = serde_json::json!({ "code": code }).to_string();
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "POST /v1/tills HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let (_, body) = response.split_once("\r\n\r\n").context("no response to an enrolment")?;
    let enrolled: serde_json::Value = serde_json::from_str(body).context("no till was enrolled")?;
    let token = enrolled["token"].as_str().context("no token for a till")?;
    Ok(token.to_owned())
}

/// An issuer that runs until this is dropped.
pub(crate) struct IssuerProcess {
    child: Child,
    pub(crate) url: String,
    internal_url: String,
}

impl IssuerProcess {
    /// Starts it in `folder` for development: it keeps mail in memory and makes its own key.
    fn start(program: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut serve = Command::new(program);
        serve.args(["issuer", "serve", "--development", "--listen", "127.0.0.1:0", "--json"]);
        serve.current_dir(folder).env(REQUESTS_PER_MINUTE.0, REQUESTS_PER_MINUTE.1);
        Self::spawn(serve)
    }

    /// Starts what serves, and reads where, which it says in JSON.
    pub(crate) fn spawn(mut serve: Command) -> anyhow::Result<Self> {
        serve.stdin(Stdio::null());
        let mut child = serve.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let mut issuer = Self { child, url: String::new(), internal_url: String::new() };
        let mut log = issuer.child.stderr.take().context("no log")?;
        let Ok(started) = serde_json::from_str::<serde_json::Value>(&line) else {
            let mut text = String::new();
            log.read_to_string(&mut text)?;
            anyhow::bail!("the issuer did not start: {text}");
        };
        let url = |name: &str| {
            started[name].as_str().map(str::to_owned).context("the issuer names no address")
        };
        issuer.url = url("url")?;
        issuer.internal_url = url("internal_url")?;
        // A pipe that nobody reads fills up and blocks the issuer.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Ok(issuer)
    }
}

impl Drop for IssuerProcess {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
