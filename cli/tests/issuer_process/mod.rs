//! An issuer that runs as a process in a folder of its own, and a shopper with a phone.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests, each of which uses a part of it"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tegata::SystemRandom;
use tegata::formats::otpauth;
use tegata::protocol::{
    AccountOverview, AnswerKey, BeginSignUp, Call, DeviceKey, Envelope, FactorEnrolment,
    FinishSignUp, Freshness, GetAccount, GetChallenge, IssuerError, Language, MailedCodeText,
    PasswordText, Request, Response, SessionToken, Ticket, TotpText, VerifySignUpCode,
};
use tegata::vault::{Argon2Params, Keystore, SoftwareKeystore};
use tegata::{Clock, SystemClock};
use tempfile::TempDir;

use crate::command::{done, text};

/// A folder with the issuer's files.
pub(crate) struct IssuerFolder(pub(crate) TempDir);

/// A service that runs; killed when it goes.
pub(crate) struct IssuerProcess {
    pub(crate) child: Child,
    pub(crate) address: String,
    /// Where it serves whoever runs it.
    pub(crate) internal_address: String,
}

impl Drop for IssuerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl IssuerFolder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tegata"));
        command
            .arg("issuer")
            .args(args)
            .current_dir(self.path())
            .env("USER", "ann")
            .env_remove("SUDO_USER");
        command.stdin(Stdio::null());
        command
    }

    /// An operator's command.
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The answer of one that is done.
    pub(crate) fn does(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--json"]].concat());
        serde_json::from_str(done(&output)).unwrap()
    }

    pub(crate) fn serve(&self, args: &[&str]) -> IssuerProcess {
        serve(self.path(), args)
    }
}

/// An issuer of that folder in development, once it listens.
pub(crate) fn serve(folder: &Path, args: &[&str]) -> IssuerProcess {
    serve_with(folder, &[&["--development"], args].concat(), &[])
}

/// An issuer of that folder, once it listens.
pub(crate) fn serve_with(
    folder: &Path,
    args: &[&str],
    environment: &[(&str, &str)],
) -> IssuerProcess {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tegata"))
        .args(["issuer", "serve", "--listen", "127.0.0.1:0"])
        .args(args)
        .current_dir(folder)
        .env("USER", "ann")
        .env_remove("SUDO_USER")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let urls = line.trim().strip_prefix("listening on ");
    let urls = urls.and_then(|urls| urls.split_once(" and internally on http://"));
    let Some((url, internal_address)) = urls else {
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        panic!("it did not start: {log}");
    };
    let (_, address) = url.split_once("://").unwrap();
    let internal_address = internal_address.to_owned();
    IssuerProcess { address: address.to_owned(), internal_address, child }
}

impl IssuerProcess {
    /// What it wrote to its log: it ends with it.
    pub(crate) fn log(mut self) -> String {
        self.child.kill().unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }

    /// Sends bytes and reads status and body.
    pub(crate) fn ask(&self, head: &str, body: &[u8]) -> (u16, String) {
        ask(&self.address, head, body)
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\n"), b"")
    }

    /// Asks as whoever runs it does.
    pub(crate) fn get_internal(&self, path: &str) -> (u16, String) {
        ask(&self.internal_address, &format!("GET {path} HTTP/1.1\r\n"), b"")
    }

    pub(crate) fn send<C: Call>(&self, request: &Request<C>) -> Result<C::Answer, IssuerError> {
        request.answer(&self.post(request))
    }

    fn post(&self, request: &Envelope) -> Response {
        let mut head =
            format!("POST {} HTTP/1.1\r\nContent-Type: application/json\r\n", request.path());
        if let Some(signature) = request.signature() {
            head = format!("{head}Tegata-Signature: {signature}\r\n");
        }
        if let Some(session) = request.session() {
            head = format!("{head}Authorization: Bearer {}\r\n", session.expose());
        }
        let (status, body) = self.ask(&head, request.body());
        Response { status, body: body.into_bytes(), retry_after: None, challenge: None }
    }

    /// What makes the signature of a new request good now.
    fn freshness(&self) -> Freshness {
        let issued = self.send(&Request::written(&GetChallenge {}).unwrap()).unwrap();
        Freshness::make(Some(issued.challenge), &SystemRandom::new()).unwrap()
    }

    /// The code of the newest mail to this address, when it has come.
    pub(crate) fn code(&self, address: &str) -> MailedCodeText {
        loop {
            let mails: Value =
                serde_json::from_str(&self.get_internal("/dev/mailbox.json").1).unwrap();
            let mails = mails["mails"].as_array().unwrap();
            if let Some(mail) = mails.iter().find(|mail| mail["to"] == address) {
                let body = mail["body"].as_str().unwrap();
                let is_code = |line: &&str| line.len() == 8 && line.parse::<u32>().is_ok();
                return MailedCodeText::new(body.lines().map(str::trim).find(is_code).unwrap())
                    .unwrap();
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

/// Sends bytes to an address and reads status and body.
pub(crate) fn ask(address: &str, head: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let head =
        format!("{head}Host: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = text(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// A shopper's phone.
pub(crate) struct Phone {
    keystore: SoftwareKeystore,
    device: DeviceKey,
}

impl Phone {
    pub(crate) fn new(folder: &Path, name: &str) -> Self {
        let cheap = Argon2Params::new(8, 1, 1).unwrap();
        let random = Arc::new(SystemRandom::new());
        let keystore = SoftwareKeystore::create(&folder.join(name), b"x", cheap, random).unwrap();
        let device = DeviceKey(keystore.public_key().unwrap());
        Self { keystore, device }
    }

    pub(crate) fn begin(
        &self,
        issuer: &IssuerProcess,
        address: &str,
    ) -> Result<Ticket, IssuerError> {
        let call = BeginSignUp {
            address: address.parse().unwrap(),
            language: Language::Ja,
            device: self.device,
            device_name: "phone".to_owned().try_into().unwrap(),
        };
        issuer
            .send(&Request::signed(&call, &self.keystore, issuer.freshness()).unwrap())
            .map(|begun| begun.ticket)
    }

    pub(crate) fn sign_up(&self, issuer: &IssuerProcess, address: &str) -> SessionToken {
        let ticket = self.begin(issuer, address).unwrap();
        let device = self.device;
        let code = issuer.code(address);
        let password = PasswordText::new("four quiet herons stand").unwrap();
        let key = AnswerKey::make(&SystemRandom::new()).unwrap();
        let answer_key = key.public();
        let call = VerifySignUpCode { ticket: ticket.clone(), device, code, password, answer_key };
        let request = Request::signed(&call, &self.keystore, issuer.freshness()).unwrap();
        let FactorEnrolment { otpauth } = request.open(&key, &issuer.post(&request)).unwrap();
        let factor = otpauth::parse(otpauth.expose().as_bytes()).unwrap();
        let totp = TotpText::new(factor.code(SystemClock.now()).unwrap().digits()).unwrap();
        let call = FinishSignUp { ticket, device, totp, answer_key };
        let request = Request::signed(&call, &self.keystore, issuer.freshness()).unwrap();
        request.open(&key, &issuer.post(&request)).unwrap().session
    }
}

pub(crate) fn view(
    issuer: &IssuerProcess,
    session: &SessionToken,
) -> Result<AccountOverview, IssuerError> {
    issuer.send(&Request::of_session(&GetAccount {}, session.clone()).unwrap())
}
