//! What the running issuer clears away by itself. The clock is moved between one start and the next; jobs do their work
//! at once when the issuer starts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tegata::formats::otpauth;
use tegata::protocol::{
    Acknowledgement, AnswerKey, BeginSignUp, Call, CancelDeletion, DeviceKey, Envelope,
    FactorEnrolment, FinishSignUp, FreezeAccount, Freshness, GetChallenge, IssuerError, Language,
    MailedCodeText, PasswordText, Request, RequestDeletion, Response, SecretText, SessionToken,
    Ticket, TotpText, UnfreezeAccount, VerifyFactor, VerifySignUpCode,
};
use tegata::vault::{Argon2Params, Keystore, SoftwareKeystore};
use tegata::{Clock, SystemRandom};
use tegata_issuer::App;
use tegata_issuer::config::Config;
use tegata_issuer::domain::{Environment, StoreUrl};
use tegata_issuer::mail::Mailbox;
use tegata_issuer::store::{AccountChange, AccountStage, Store};
use tegata_policy::Account;
use tegata_testkit::TestClock;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const DAY: u64 = 24 * 60 * 60;
/// Accounts that nobody has, each made at the first start with a session that nobody has the token of.
const DECOYS: usize = 64;

/// An issuer that is started and stopped on the same files, and a look into its store.
struct RestartableIssuer {
    folder: TempDir,
    clock: Arc<TestClock>,
    mails: Arc<Mailbox>,
    threads: Runtime,
}

impl RestartableIssuer {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(TestClock::at(1_700_000_000)),
            mails: Arc::default(),
            threads: Runtime::new().unwrap(),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("issuer.sqlite")
    }

    fn start(&self) -> App {
        let listen = "127.0.0.1:0".parse().unwrap();
        let store = StoreUrl::Sqlite(self.file());
        let config = Config { listen, store, development: true, ..Config::default() };
        let world = Environment { clock: self.clock.clone(), ..Environment::system() };
        App::builder(config).environment(world).mail_transport(self.mails.clone()).start().unwrap()
    }

    fn later(&self, seconds: u64) {
        self.clock.advance(seconds);
    }

    fn store(&self) -> Store {
        self.threads.block_on(Store::open(&StoreUrl::Sqlite(self.file()))).unwrap()
    }

    /// How many sign-ups lie there.
    fn sign_ups(&self) -> usize {
        let store = self.store();
        let made = store.accounts_made_before(self.clock.now().shifted(1), None, 1000);
        let made = self.threads.block_on(made).unwrap();
        made.iter().filter(|(_, kind)| *kind == AccountStage::PendingSignUp).count()
    }

    /// How many rows of sessions, those of decoys among them.
    fn sessions(&self) -> usize {
        self.threads.block_on(self.store().session_rows(None, 1000)).unwrap().len()
    }

    /// The code in the mail that comes after so many.
    fn code(&self, after: usize) -> MailedCodeText {
        wait_for(|| self.mails.mails().len() > after);
        let body = self.mails.mails().last().unwrap().body.clone();
        let is_code = |line: &&str| line.len() == 8 && line.parse::<u32>().is_ok();
        MailedCodeText::new(body.lines().map(str::trim).find(is_code).unwrap()).unwrap()
    }
}

/// Until it holds; the limit is for what never will.
fn wait_for(mut condition: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it never came");
}

fn send<C: Call>(issuer: &App, request: &Request<C>) -> Result<C::Answer, IssuerError> {
    request.answer(&post(issuer, request))
}

fn post(issuer: &App, request: &Envelope) -> Response {
    let mut stream = TcpStream::connect(issuer.address()).unwrap();
    let mut head = format!(
        "POST {} HTTP/1.1\r\nHost: issuer\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        request.path(),
        request.body().len()
    );
    if let Some(signature) = request.signature() {
        head = format!("{head}Tegata-Signature: {signature}\r\n");
    }
    if let Some(session) = request.session() {
        head = format!("{head}Authorization: Bearer {}\r\n", session.expose());
    }
    stream.write_all(&[head.as_bytes(), b"\r\n", request.body()].concat()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = body.as_bytes().to_vec();
    Response { status, body, retry_after: None, challenge: None }
}

/// What makes the signature of a new request good now.
fn freshness(issuer: &App) -> Freshness {
    let answer = send(issuer, &Request::written(&GetChallenge {}).unwrap()).unwrap();
    Freshness::make(Some(answer.challenge), &SystemRandom::new()).unwrap()
}

struct Phone(SoftwareKeystore);

impl Phone {
    fn new(folder: &Path) -> Self {
        let cheap = Argon2Params::new(8, 1, 1).unwrap();
        let random = Arc::new(SystemRandom::new());
        let file = folder.join("phone");
        Self(SoftwareKeystore::create(&file, b"passphrase", cheap, random).unwrap())
    }

    fn key(&self) -> DeviceKey {
        DeviceKey(self.0.public_key().unwrap())
    }

    /// What the authenticator shows.
    fn totp(stage: &RestartableIssuer, otpauth: &SecretText) -> TotpText {
        let factor = otpauth::parse(otpauth.expose().as_bytes()).unwrap();
        TotpText::new(factor.code(stage.clock.now()).unwrap().digits()).unwrap()
    }

    fn begin(&self, issuer: &App, address: &str) -> Ticket {
        let call = BeginSignUp {
            address: address.parse().unwrap(),
            language: Language::En,
            device: self.key(),
            device_name: "phone".to_owned().try_into().unwrap(),
        };
        send(issuer, &Request::signed(&call, &self.0, freshness(issuer)).unwrap()).unwrap().ticket
    }

    fn sign_up(&self, stage: &RestartableIssuer, issuer: &App) -> SessionToken {
        self.sign_up_as(stage, issuer, "hanako@example.org").0
    }

    /// The owner's session and second factor.
    fn sign_up_as(
        &self,
        stage: &RestartableIssuer,
        issuer: &App,
        address: &str,
    ) -> (SessionToken, SecretText) {
        let mails = stage.mails.mails().len();
        let ticket = self.begin(issuer, address);
        let password = PasswordText::new("four quiet herons stand").unwrap();
        let device = self.key();
        let code = stage.code(mails);
        let key = AnswerKey::make(&SystemRandom::new()).unwrap();
        let answer_key = key.public();
        let call = VerifySignUpCode { ticket: ticket.clone(), device, code, password, answer_key };
        let request = Request::signed(&call, &self.0, freshness(issuer)).unwrap();
        let FactorEnrolment { otpauth } = request.open(&key, &post(issuer, &request)).unwrap();
        let totp = Self::totp(stage, &otpauth);
        let call = FinishSignUp { ticket, device: self.key(), totp, answer_key };
        let request = Request::signed(&call, &self.0, freshness(issuer)).unwrap();
        let signed_up = request.open(&key, &post(issuer, &request)).unwrap();
        (signed_up.session, otpauth)
    }
}

#[test]
fn an_unfinished_sign_up_is_deleted_once_it_is_over() {
    let stage = RestartableIssuer::new();
    let phone = Phone::new(stage.folder.path());
    let issuer = stage.start();
    phone.sign_up(&stage, &issuer);
    phone.begin(&issuer, "never@example.org");
    assert_eq!((stage.sign_ups(), stage.sessions()), (1, DECOYS + 1));
    issuer.stop();
    stage.later(25 * 60);
    let issuer = stage.start();
    wait_for(|| metric(&issuer, "tegata_job_last_run_timestamp_seconds{job=\"sign_ups\"}") > 0);
    assert_eq!(stage.sign_ups(), 1, "not before");
    issuer.stop();
    stage.later(120);
    let issuer = stage.start();
    wait_for(|| stage.sign_ups() == 0);
    assert_eq!(stage.sessions(), DECOYS + 1, "the account is there");
    issuer.stop();
}

#[test]
fn a_closed_account_is_deleted_after_its_week() {
    let stage = RestartableIssuer::new();
    let phone = Phone::new(stage.folder.path());
    let issuer = stage.start();
    let session = phone.sign_up(&stage, &issuer);
    let close = || {
        let freshness = freshness(&issuer);
        Request::signed_in_session(&RequestDeletion {}, session.clone(), &phone.0, freshness)
    };
    let Acknowledgement {} = send(&issuer, &close().unwrap()).unwrap();
    let freshness = freshness(&issuer);
    let keep = Request::signed_in_session(&CancelDeletion {}, session.clone(), &phone.0, freshness);
    let Acknowledgement {} = send(&issuer, &keep.unwrap()).unwrap();
    stage.later(60);
    let Acknowledgement {} = send(&issuer, &close().unwrap()).unwrap();
    issuer.stop();

    // The first time they asked for has passed; they had cancelled that one.
    stage.later(7 * DAY - 30);
    let issuer = stage.start();
    wait_for(|| metric(&issuer, "tegata_job_last_run_timestamp_seconds{job=\"closings\"}") > 0);
    assert!(
        stage.mails.mails().iter().all(|mail| !mail.subject.contains("was deleted")),
        "not yet"
    );
    assert_eq!(stage.sessions(), DECOYS + 1);
    issuer.stop();

    stage.later(60);
    let issuer = stage.start();
    wait_for(|| stage.sessions() == DECOYS);
    wait_for(|| {
        stage.mails.mails().last().is_some_and(|mail| mail.subject.contains("was deleted"))
    });
    // The address is free again.
    phone.sign_up(&stage, &issuer);
    issuer.stop();
}

#[test]
fn an_account_that_cannot_be_deleted_is_counted_and_skipped() {
    let stage = RestartableIssuer::new();
    let phone = Phone::new(stage.folder.path());
    let issuer = stage.start();
    let sessions = ["first@example.org", "second@example.org"]
        .map(|address| phone.sign_up_as(&stage, &issuer, address).0);
    for session in sessions {
        let Acknowledgement {} = send(
            &issuer,
            &Request::signed_in_session(&RequestDeletion {}, session, &phone.0, freshness(&issuer))
                .unwrap(),
        )
        .unwrap();
        // Each in a second of its own, so that one is before the other.
        stage.later(1);
    }
    issuer.stop();
    // Nobody can read the first one's address any more.
    let store = stage.store();
    stage.threads.block_on(async {
        let (_, first) =
            store.deletion_requests_before(stage.clock.now(), None, 2).await.unwrap()[0];
        let damaged = store.change(first, |loaded| {
            let Account::Active(live) = &loaded.state else { panic!("no account") };
            let address = live.address();
            let other = loaded.secrets.values().last().unwrap();
            let kind = loaded.secrets[&address].0;
            let sealed = other.1.clone();
            (
                AccountChange {
                    secrets_stored: vec![(address, kind, sealed)],
                    ..AccountChange::default()
                },
                (),
            )
        });
        damaged.await.unwrap();
    });
    drop(store);
    stage.later(7 * DAY);
    let issuer = stage.start();
    wait_for(|| metric(&issuer, "tegata_job_failures_total{job=\"closings\"}") > 0);
    wait_for(|| stage.mails.mails().iter().any(|mail| mail.subject.contains("was deleted")));
    assert_eq!(stage.sessions(), DECOYS + 1);
    issuer.stop();
}

#[test]
fn a_frozen_account_is_deleted_once_it_is_unfrozen() {
    let stage = RestartableIssuer::new();
    let phone = Phone::new(stage.folder.path());
    let issuer = stage.start();
    let (session, factor) = phone.sign_up_as(&stage, &issuer, "hanako@example.org");
    let Acknowledgement {} = send(
        &issuer,
        &Request::signed_in_session(
            &RequestDeletion {},
            session.clone(),
            &phone.0,
            freshness(&issuer),
        )
        .unwrap(),
    )
    .unwrap();
    let freeze = Request::signed_in_session(
        &FreezeAccount {},
        session.clone(),
        &phone.0,
        freshness(&issuer),
    )
    .unwrap();
    let Acknowledgement {} = send(&issuer, &freeze).unwrap();
    issuer.stop();
    stage.later(7 * DAY + 60);
    let issuer = stage.start();
    wait_for(|| metric(&issuer, "tegata_job_last_run_timestamp_seconds{job=\"closings\"}") > 0);
    assert_eq!(stage.sessions(), DECOYS + 1, "whoever asked for it may not be the owner");
    let call = VerifyFactor { totp: Phone::totp(&stage, &factor) };
    let verify =
        Request::signed_in_session(&call, session.clone(), &phone.0, freshness(&issuer)).unwrap();
    let Acknowledgement {} = send(&issuer, &verify).unwrap();
    let Acknowledgement {} = send(
        &issuer,
        &Request::signed_in_session(
            &UnfreezeAccount { recovery_code: None },
            session,
            &phone.0,
            freshness(&issuer),
        )
        .unwrap(),
    )
    .unwrap();
    // The job comes round in a minute.
    wait_for(|| stage.mails.mails().iter().any(|mail| mail.subject.contains("was deleted")));
    assert_eq!(stage.sessions(), DECOYS);
    issuer.stop();
}

#[test]
fn the_row_of_an_expired_session_is_deleted() {
    let stage = RestartableIssuer::new();
    let issuer = stage.start();
    Phone::new(stage.folder.path()).sign_up(&stage, &issuer);
    issuer.stop();
    stage.later(30 * DAY - 60);
    let issuer = stage.start();
    wait_for(|| metric(&issuer, "tegata_job_last_run_timestamp_seconds{job=\"sessions\"}") > 0);
    assert_eq!(stage.sessions(), DECOYS + 1, "not before");
    issuer.stop();
    stage.later(120);
    let issuer = stage.start();
    wait_for(|| stage.sessions() == 0);
    issuer.stop();
}

#[test]
fn old_till_rows_and_counts_of_wrong_codes_are_deleted() {
    let stage = RestartableIssuer::new();
    // It makes the tables.
    stage.start().stop();
    let database = rusqlite::Connection::open(stage.file()).unwrap();
    let now = stage.clock.now().seconds();
    let today = now / DAY;
    let ago = |days: u64| now - days * DAY;
    // As in the numbers of payments: milliseconds, before 15 bits of what the second holds.
    let [old, young] = [ago(100) - 1, ago(100)].map(|seconds| (seconds * 1000) << 15);
    database
        .execute_batch(&format!(
            "INSERT INTO idempotency (till, key, asked) VALUES ('t', 'old', {old}), ('t', 'young', {young}); \
             INSERT INTO sales (till, reference, asked) VALUES ('t', 'old', {old}), ('t', 'young', {young}); \
             INSERT INTO attempts VALUES (x'7474', {}, 1), (x'7474', {}, 1)",
            today - 32,
            today - 31
        ))
        .unwrap();
    let left = |what: &str| -> i64 {
        let count = format!("SELECT COUNT(*) FROM {what}");
        database.query_row(&count, [], |row| row.get(0)).unwrap()
    };
    let issuer = stage.start();
    wait_for(|| metric(&issuer, "tegata_job_last_run_timestamp_seconds{job=\"answers\"}") > 0);
    for table in ["idempotency WHERE key", "sales WHERE reference"] {
        assert_eq!(left(&format!("{table} = 'old'")), 0, "{table}");
        assert_eq!(left(&format!("{table} = 'young'")), 1, "{table}");
    }
    assert_eq!(left(&format!("attempts WHERE day = {}", today - 32)), 0);
    assert_eq!(left(&format!("attempts WHERE day = {}", today - 31)), 1);
    issuer.stop();
}

#[test]
fn a_job_that_fails_stops_nothing_and_is_counted() {
    let stage = RestartableIssuer::new();
    let checkpoints = stage.folder.path().join("issuer.sqlite.checkpoints");
    let issuer = stage.start();
    // A folder in place of what was signed at the start.
    wait_for(|| {
        let _ = std::fs::remove_file(&checkpoints);
        std::fs::create_dir(&checkpoints).is_ok()
    });
    Phone::new(stage.folder.path()).sign_up(&stage, &issuer);
    wait_for(|| metric(&issuer, "tegata_job_failures_total{job=\"seal\"}") > 0);
    // It can be written: the next time it is.
    std::fs::remove_dir(&checkpoints).unwrap();
    wait_for(|| std::fs::read_to_string(&checkpoints).is_ok_and(|lines| lines.contains("count")));
    wait_for(|| metric(&issuer, "tegata_events_sealed") > 0);
    issuer.stop();
}

fn metric(issuer: &App, name: &str) -> u64 {
    let text = issuer.state().metrics.text().unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.unwrap_or(0)
}
