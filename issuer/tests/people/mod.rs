//! An issuer of the test's own, and people who use it: each with a device, a mailbox to look into and an authenticator.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tegata::account::Refusal;
use tegata::account::messages::{
    AccountView, ByDevice, Call, DeviceKey, DeviceName, IssuerError, Language, LogIn, LoggedIn,
    MailedCodeText, Overview, PasswordText, Prove, RecoveryCode, Request, Reset, ResetFinish,
    ResetProof, Response, SIGNATURE_HEADER, SecondFactor, SessionToken, SignUp, SignUpCode,
    SignUpFactor, Ticket, TotpText, Why,
};
use tegata::vault::{Keystore, OtpCredential, SoftwareKeystore, Stretch};
use tegata::{Clock, SystemRandom, UnixTime};
use tegata_issuer::config::Config;
use tegata_issuer::mail::Mailbox;
use tegata_issuer::{Handle, World, start};

/// A clock that stands until it is moved.
pub(crate) struct Standing(AtomicU64);

impl Clock for Standing {
    fn now(&self) -> UnixTime {
        UnixTime::new(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A running issuer.
pub(crate) struct Town {
    handle: Option<Handle>,
    config: Config,
    clock: Arc<Standing>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) folder: tempfile::TempDir,
    devices: AtomicU64,
}

pub(crate) const PASSWORD: &str = "four quiet herons";
pub(crate) const NEW_PASSWORD: &str = "nine loud magpies";

impl Town {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", folder.path().join("issuer.sqlite").display());
        Self::on(&store, folder)
    }

    /// On this store, with the test's files in `folder`.
    pub(crate) fn on(store: &str, folder: tempfile::TempDir) -> Self {
        let text = format!(
            "listen = \"127.0.0.1:0\"\nstore = {store:?}\nserver_key = \"{}\"\n\
             requests_per_minute = 4000000000\nlog_level = \"error\"\n",
            "5a".repeat(32)
        );
        let mut town = Self {
            handle: None,
            config: toml::from_str(&text).unwrap(),
            clock: Arc::new(Standing(AtomicU64::new(1_800_000_000))),
            mailbox: Arc::new(Mailbox::default()),
            folder,
            devices: AtomicU64::new(0),
        };
        town.start();
        town
    }

    pub(crate) fn start(&mut self) {
        let world = World { clock: self.clock.clone(), ..World::system() };
        self.handle = Some(start(self.config.clone(), world, self.mailbox.clone()).unwrap());
    }

    pub(crate) fn restart(&mut self) {
        self.handle.take().unwrap().stop();
        self.start();
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.handle.as_ref().unwrap().address()
    }

    pub(crate) fn passes(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    pub(crate) fn device(&self) -> Arc<SoftwareKeystore> {
        let number = self.devices.fetch_add(1, Ordering::SeqCst);
        let path = self.folder.path().join(format!("device-{number}"));
        let random = Arc::new(SystemRandom::new());
        let stretch = Stretch::new(8, 1, 1).unwrap();
        Arc::new(SoftwareKeystore::create(&path, b"passphrase", stretch, random).unwrap())
    }

    /// All mails to an address: subjects and texts, once as many are there as `at_least`.
    pub(crate) fn mails(&self, to: &str, at_least: usize) -> Vec<(String, String)> {
        for _ in 0..600 {
            let mails = self.mailbox.mails().into_iter().filter(|mail| mail.to.address() == to);
            let mails: Vec<_> = mails.map(|mail| (mail.subject, mail.body)).collect();
            if mails.len() >= at_least {
                return mails;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("fewer mails than {at_least}");
    }

    /// How many mails an address got, when nothing waits any more.
    pub(crate) fn mails_when_quiet(&self, to: &str) -> usize {
        // A mail to someone else, asked for last, comes out last.
        let bell = format!("bell-{}@example.org", self.mailbox.mails().len());
        self.person(&bell).asks_to_sign_up().unwrap();
        self.mails(&bell, 1);
        self.mails(to, 0).len()
    }

    pub(crate) fn send<C: Call>(&self, request: &Request<C>) -> Result<C::Answer, IssuerError> {
        let mut headers = Vec::new();
        headers.extend(request.signature().map(|s| (SIGNATURE_HEADER, s.to_owned())));
        let session = request.session();
        headers.extend(session.map(|s| ("Authorization", format!("Bearer {}", s.expose()))));
        request.answer(&self.post(request.path(), &headers, request.body()))
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, String)], body: &[u8]) -> Response {
        let url = format!("http://{}{path}", self.address());
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(5)))
            .build()
            .into();
        let mut post = agent.post(&url).content_type("application/json");
        for (name, value) in headers {
            post = post.header(*name, value);
        }
        let mut answer = post.send(body).unwrap();
        let retry = answer.headers().get("retry-after").and_then(|v| v.to_str().ok()?.parse().ok());
        let (status, mut body) = (answer.status().as_u16(), Vec::new());
        answer.body_mut().as_reader().read_to_end(&mut body).unwrap();
        Response { status, body, retry_after: retry }
    }

    /// Somebody with a new device and this address.
    pub(crate) fn person(&self, address: &str) -> Person<'_> {
        Person {
            town: self,
            address: address.to_owned(),
            device: self.device(),
            authenticator: None,
            recovery: Vec::new(),
            session: None,
        }
    }

    /// Somebody who has signed up.
    pub(crate) fn shopper(&self, address: &str) -> Person<'_> {
        let mut person = self.person(address);
        person.signs_up().unwrap();
        person
    }
}

/// Somebody with a device.
#[derive(Clone)]
pub(crate) struct Person<'a> {
    pub(crate) town: &'a Town,
    pub(crate) address: String,
    pub(crate) device: Arc<SoftwareKeystore>,
    pub(crate) authenticator: Option<String>,
    pub(crate) recovery: Vec<RecoveryCode>,
    pub(crate) session: Option<SessionToken>,
}

pub(crate) type Told<T> = Result<T, IssuerError>;

/// Why not, if it was a decision.
pub(crate) fn refusal<T: std::fmt::Debug>(told: Told<T>) -> Refusal {
    match told {
        Err(IssuerError::No(Why::Refused(refusal))) => refusal,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn password(text: &str) -> PasswordText {
    PasswordText::new(text).unwrap()
}

/// The eight digits that stand alone in a mail.
pub(crate) fn code_in(mail: &str) -> MailedCodeText {
    let digits = mail.lines().map(str::trim);
    digits.filter_map(|line| MailedCodeText::new(line).ok()).next().unwrap()
}

impl Person<'_> {
    pub(crate) fn key(&self) -> DeviceKey {
        DeviceKey(self.device.public_key().unwrap())
    }

    pub(crate) fn name(&self) -> DeviceName {
        "Hanako's phone".to_owned().try_into().unwrap()
    }

    pub(crate) fn signed<C: Call + ByDevice>(&self, call: &C) -> Told<C::Answer> {
        self.town.send(&Request::signed(call, &*self.device)?)
    }

    pub(crate) fn in_session<C: Call>(&self, call: &C) -> Told<C::Answer> {
        let session = self.session.clone().unwrap();
        self.town.send(&Request::of_session(call, session)?)
    }

    /// The code of the last mail to her address; `nth` counts all of them from 1.
    pub(crate) fn code_of_mail(&self, nth: usize) -> MailedCodeText {
        code_in(&self.town.mails(&self.address, nth)[nth - 1].1)
    }

    pub(crate) fn asks_to_sign_up(&self) -> Told<Ticket> {
        let call = SignUp {
            address: self.address.parse().unwrap(),
            language: Language::En,
            device: self.key(),
            device_name: self.name(),
        };
        self.signed(&call).map(|begun| begun.ticket)
    }

    pub(crate) fn signs_up(&mut self) -> Told<()> {
        let ticket = self.asks_to_sign_up()?;
        let code = self.code_of_mail(1);
        let (device, password) = (self.key(), password(PASSWORD));
        let call = SignUpCode { ticket: ticket.clone(), device, code, password };
        self.authenticator = Some(self.signed(&call)?.otpauth.expose().to_owned());
        let call = SignUpFactor { ticket, device, totp: self.totp() };
        let signed_up = self.signed(&call)?;
        self.session = Some(signed_up.session);
        self.recovery = signed_up.recovery_codes;
        Ok(())
    }

    /// What her authenticator shows.
    pub(crate) fn totp(&self) -> TotpText {
        let uri = self.authenticator.as_ref().unwrap();
        let credential: OtpCredential = tegata::formats::otpauth::parse(uri.as_bytes()).unwrap();
        TotpText::new(credential.code(self.town.now()).unwrap().digits()).unwrap()
    }

    /// The value of the next half minute, which nobody has used.
    pub(crate) fn next_totp(&self) -> SecondFactor {
        self.town.passes(30);
        SecondFactor::Totp(self.totp())
    }

    pub(crate) fn tries_to_log_in(
        &self,
        with: &str,
        second_factor: Option<SecondFactor>,
    ) -> Told<LoggedIn> {
        self.signed(&LogIn {
            handle: self.address.parse().unwrap(),
            password: password(with),
            second_factor,
            device: self.key(),
            device_name: self.name(),
        })
    }

    pub(crate) fn logs_in(&mut self, with: &str) -> Told<()> {
        let factor = Some(self.next_totp());
        self.session = Some(self.tries_to_log_in(with, factor)?.session);
        Ok(())
    }

    pub(crate) fn view(&self) -> Told<AccountView> {
        self.in_session(&Overview {})
    }

    pub(crate) fn proves(&self) -> Told<()> {
        let SecondFactor::Totp(totp) = self.next_totp() else { unreachable!() };
        self.in_session(&Prove { totp }).map(|_| ())
    }

    pub(crate) fn asks_for_reset(&self) -> Told<Ticket> {
        let call = Reset {
            handle: self.address.parse().unwrap(),
            device: self.key(),
            device_name: self.name(),
        };
        self.signed(&call).map(|begun| begun.ticket)
    }

    pub(crate) fn proves_reset(
        &self,
        ticket: &Ticket,
        code: MailedCodeText,
        second_factor: SecondFactor,
    ) -> Told<()> {
        let (ticket, device) = (ticket.clone(), self.key());
        self.signed(&ResetProof { ticket, device, code, second_factor }).map(|_| ())
    }

    pub(crate) fn finishes_reset(&self, ticket: &Ticket, new: &str) -> Told<()> {
        let (ticket, device) = (ticket.clone(), self.key());
        self.signed(&ResetFinish { ticket, device, password: password(new) }).map(|_| ())
    }
}

/// A body as it is sent, for those who write their own.
pub(crate) fn json(call: &impl serde::Serialize) -> Value {
    serde_json::to_value(call).unwrap()
}
