//! Issuers for the tests of other languages: the real program on loopback, its accounts in a folder that goes with it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::tree::{self, step};

/// What tests find the issuers by. Without them the scenarios of an account fail.
pub(crate) const ISSUER: &str = "TEGATA_TEST_ISSUER";
/// The mails that the first one sent nowhere.
pub(crate) const MAILBOX: &str = "TEGATA_TEST_MAILBOX";
/// One whose operator has stopped all that shoppers do.
pub(crate) const STOPPED: &str = "TEGATA_TEST_ISSUER_STOPPED";
/// What the requests of a till at the first one carry.
pub(crate) const TILL: &str = "TEGATA_TEST_TILL";
/// All scenarios of a language come from one network.
const MANY: (&str, &str) = ("TEGATA_ISSUER_REQUESTS_PER_MINUTE", "60000");
const STOP: &str = "issuer stop --all --by tests --why scenarios";
const ADD_TILL: &str = "issuer till add till-1 --shop Shop --by tests --why scenarios";

/// Does `work` beside two issuers that run; they end with it.
pub(crate) fn beside(
    shell: &Shell,
    work: impl FnOnce(&Shell) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    step("starting two issuers, one of which is stopped");
    cmd!(shell, "cargo build --quiet -p tegata-cli").run()?;
    let program = tree::target(shell)?.join("debug/tegata");
    let (rooms, others) = (shell.create_temp_dir()?, shell.create_temp_dir()?);
    let (issuer, stopped) =
        (Running::start(&program, rooms.path())?, Running::start(&program, others.path())?);
    let operate = |folder: &Path, words: &str| {
        let output = Command::new(&program).args(words.split(' ')).current_dir(folder).output()?;
        anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    };
    operate(others.path(), STOP)?;
    let till = operate(rooms.path(), ADD_TILL)?;
    let till = enrol(&issuer.url, till.lines().next().context("no code for a till")?)?;
    let _till = shell.push_env(TILL, till);
    let _mailbox = shell.push_env(MAILBOX, format!("{}/dev/mailbox.json", issuer.url));
    let _issuer = shell.push_env(ISSUER, &issuer.url);
    let _stopped = shell.push_env(STOPPED, &stopped.url);
    work(shell)
}

/// Enrols the till that this code is for, and gives its token.
fn enrol(issuer: &str, code: &str) -> anyhow::Result<String> {
    let place = issuer.strip_prefix("http://").context("not on loopback")?;
    let body = serde_json::json!({ "code": code }).to_string();
    let mut stream = TcpStream::connect(place)?;
    write!(
        stream,
        "POST /v1/tills HTTP/1.1\r\nHost: {place}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("no answer to a till")?;
    let enrolled: serde_json::Value = serde_json::from_str(body).context("no till enrolled")?;
    let token = enrolled["token"].as_str().context("no token for a till")?;
    Ok(token.to_owned())
}

/// An issuer that runs; killed when it goes.
struct Running {
    child: Child,
    url: String,
}

impl Running {
    /// Its files are in `folder`, where nothing is set: it keeps mail in memory, and makes its key.
    fn start(program: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut serve = Command::new(program);
        let serve = serve.args(["issuer", "serve", "--listen", "127.0.0.1:0"]);
        let serve = serve.current_dir(folder).env(MANY.0, MANY.1).stdin(Stdio::null());
        let mut child = serve.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let mut running = Self { child, url: String::new() };
        let mut log = running.child.stderr.take().context("no log")?;
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            let mut said = String::new();
            log.read_to_string(&mut said)?;
            anyhow::bail!("the issuer did not start: {said}");
        };
        url.clone_into(&mut running.url);
        // A log that nobody reads stops whoever writes it.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Whether it is gone already or goes now is all the same.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
