//! An issuer of the test's own, and people who use it: each with a device, a mailbox to look into and an authenticator.
#![allow(dead_code, unused_imports, unused_macros, reason = "each test file uses some of it")]

#[path = "../store/cluster.rs"]
pub(crate) mod cluster;

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use serde_json::Value;
use tegata::protocol::Refusal;
use tegata::protocol::{
    AccountView, ByDevice, Call, DeviceKey, DeviceName, Envelope, IssuerError, Language, LogIn,
    LoggedIn, MailedCodeText, Overview, PasswordText, Prove, RecoveryCode, Request, Reset,
    ResetFinish, ResetProof, Response, SIGNATURE_HEADER, SecondFactor, SessionToken, SignUp,
    SignUpCode, SignUpFactor, Ticket, TotpText, Why,
};
use tegata::vault::{Keystore, OtpCredential, SoftwareKeystore, Stretch};
use tegata::{Clock, SystemRandom, UnixTime};
use tegata_issuer::config::{Config, Processor};
use tegata_issuer::domain::AuthorisationId;
use tegata_issuer::mail::Mailbox;
use tegata_issuer::payments::{Charge, Outcome};
use tegata_issuer::store::{Made, State, Store, StoreError, Tell};
use tegata_issuer::{Handle, World, start, start_charging};

/// A clock that stands until it is moved.
pub(crate) struct Standing(AtomicU64);

impl Clock for Standing {
    fn now(&self) -> UnixTime {
        UnixTime::new(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// A running issuer.
pub(crate) struct Town {
    handle: RwLock<Option<Handle>>,
    /// Where it listens if it runs in another process.
    elsewhere: Mutex<Option<SocketAddr>>,
    /// Connections that are kept open.
    agent: Mutex<ureq::Agent>,
    /// What it was set up with (TOML).
    pub(crate) settings: String,
    clock: Arc<Standing>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) folder: tempfile::TempDir,
    devices: AtomicU64,
    /// What the processor says of every card, from now on, unless the settings name one.
    pub(crate) processor: Arc<Mutex<Outcome>>,
}

/// The far side of a charge: it says at once what it was told to say, and moves the row as whoever charges has to.
struct AtOnce {
    store: Store,
    clock: Arc<Standing>,
    says: Arc<Mutex<Outcome>>,
    tell: Arc<dyn Tell>,
}

impl AtOnce {
    /// Whether the row says something for good: this, or what a faster void made of it. A database that dies has not
    /// said so.
    async fn moves(&self, id: AuthorisationId, to: State) -> bool {
        let found = self.store.authorisation(id).await.unwrap().unwrap();
        let moved = self.store.move_on(found, to, self.clock.now(), self.tell.clone()).await;
        matches!(moved, Ok(_) | Err(StoreError::Moved))
    }
}

#[async_trait::async_trait]
impl Charge for AtOnce {
    async fn charge(&self, made: Made) -> Outcome {
        let id = made.authorisation.id;
        let says = *self.says.lock().unwrap();
        let is_moved = match says {
            Outcome::Done => self.moves(id, State::Charged).await,
            Outcome::Declined => self.moves(id, State::Declined).await,
            Outcome::Pending => true,
        };
        if is_moved { says } else { Outcome::Pending }
    }

    async fn reverse(&self, id: AuthorisationId) -> Outcome {
        let says = *self.says.lock().unwrap();
        if says == Outcome::Done {
            self.moves(id, State::Refunded).await;
        }
        says
    }
}

pub(crate) const PASSWORD: &str = "four quiet herons";
pub(crate) const NEW_PASSWORD: &str = "nine loud magpies";

impl Town {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// With these settings (TOML), too.
    pub(crate) fn with(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", folder.path().join("issuer.sqlite").display());
        Self::on(&store, folder, settings)
    }

    /// On a database of its own in the PostgreSQL of this run.
    pub(crate) fn postgres() -> Self {
        Self::postgres_with("")
    }

    pub(crate) fn postgres_with(settings: &str) -> Self {
        Self::on(&new_database(), tempfile::tempdir().unwrap(), settings)
    }

    /// On this store, with the test's files in `folder`.
    pub(crate) fn on(store: &str, folder: tempfile::TempDir, settings: &str) -> Self {
        let sandbox = format!("sandbox:{}", folder.path().join("sandbox").display());
        let processor = if settings.contains("processor = ") {
            String::new()
        } else {
            format!("processor = {sandbox:?}\n")
        };
        let settings = format!(
            "listen = \"127.0.0.1:0\"\nstore = {store:?}\nserver_key = \"{}\"\n\
             requests_per_minute = 4000000000\nconnections_per_network = 65535\nlog_level = \"error\"\n{processor}{settings}",
            "5a".repeat(32)
        );
        let town = Self {
            handle: RwLock::default(),
            elsewhere: Mutex::default(),
            agent: Mutex::new(agent()),
            settings,
            clock: Arc::new(Standing(AtomicU64::new(1_800_000_000))),
            mailbox: Arc::new(Mailbox::default()),
            folder,
            devices: AtomicU64::new(0),
            processor: Arc::new(Mutex::new(Outcome::Done)),
        };
        town.start();
        town
    }

    pub(crate) fn start(&self) {
        let world = World { clock: self.clock.clone(), ..World::system() };
        let config: Config = toml::from_str(&self.settings).unwrap();
        let (clock, says) = (self.clock.clone(), self.processor.clone());
        let charge = |store: &Store, tell| {
            Arc::new(AtOnce { store: store.clone(), clock, says, tell }) as Arc<dyn Charge>
        };
        let post = self.mailbox.clone();
        let handle = match config.processor {
            Processor::Sandbox(_) => start_charging(config, world, post, charge),
            // A far side of the test's own is asked as a real one.
            Processor::At(_) => start(config, world, post),
        };
        let handle = handle.unwrap();
        *self.handle.write().unwrap() = Some(handle);
        *self.elsewhere.lock().unwrap() = None;
        *self.agent.lock().unwrap() = agent();
    }

    /// From now on its issuer is another process, there.
    pub(crate) fn is_at(&self, address: SocketAddr) {
        *self.elsewhere.lock().unwrap() = Some(address);
        self.hang_up();
    }

    /// Closes the connections that are kept.
    pub(crate) fn hang_up(&self) {
        *self.agent.lock().unwrap() = agent();
    }

    pub(crate) fn stop(&self) {
        let handle = self.handle.write().unwrap().take();
        handle.unwrap().stop();
    }

    pub(crate) fn restart(&self) {
        self.stop();
        self.start();
    }

    pub(crate) fn address(&self) -> SocketAddr {
        let elsewhere = *self.elsewhere.lock().unwrap();
        elsewhere.unwrap_or_else(|| self.handle.read().unwrap().as_ref().unwrap().address())
    }

    /// What `/metrics` counts under names that begin so.
    pub(crate) fn counts(&self, name: &str) -> BTreeMap<String, u64> {
        let text = self.handle.read().unwrap().as_ref().unwrap().issuer().metrics.text().unwrap();
        let lines = text.lines().filter(|line| line.starts_with(name));
        let count = |line: &str| {
            let (name, count) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), count.parse().unwrap())
        };
        lines.map(count).collect()
    }

    /// How often it was compared with what is kept.
    pub(crate) fn compared(&self, of: &str) -> u64 {
        let name = format!("tegata_comparisons_total{{of=\"{of}\",with=\"kept\"}}");
        self.counts(&name).into_values().sum()
    }

    pub(crate) fn passes(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
        if self.elsewhere.lock().unwrap().is_some() {
            self.writes_time();
        }
    }

    /// The clock is set back.
    pub(crate) fn goes_back(&self, seconds: u64) {
        self.clock.0.fetch_sub(seconds, Ordering::SeqCst);
        if self.elsewhere.lock().unwrap().is_some() {
            self.writes_time();
        }
    }

    /// For an issuer in another process.
    pub(crate) fn writes_time(&self) {
        let now = self.clock.0.load(Ordering::SeqCst).to_string();
        let (new, file) = (self.folder.path().join("now.new"), self.folder.path().join("now"));
        std::fs::write(&new, now).unwrap();
        std::fs::rename(new, file).unwrap();
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
        // A mail to someone else, asked for last, comes out last, but for receipts, which went with it: then comes another.
        for _ in 0..2 {
            let bell = format!("bell-{}@example.org", self.mailbox.mails().len());
            self.person(&bell).asks_to_sign_up().unwrap();
            self.mails(&bell, 1);
        }
        self.mails(to, 0).len()
    }

    pub(crate) fn send<C: Call>(&self, request: &Request<C>) -> Result<C::Answer, IssuerError> {
        request.answer(&self.carry(request))
    }

    pub(crate) fn carry(&self, envelope: &Envelope) -> Response {
        self.post(envelope.path(), &headers(envelope), envelope.body())
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, String)], body: &[u8]) -> Response {
        let agent = self.agent.lock().unwrap().clone();
        send(&agent, self.address(), path, headers, body).unwrap()
    }

    /// Somebody with a new device and this address.
    pub(crate) fn person(&self, address: &str) -> Person<'_> {
        Person {
            town: self,
            address: address.to_owned(),
            password: PASSWORD.to_owned(),
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

/// A client that keeps its connections.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_mins(5)))
        .max_idle_connections(256)
        .max_idle_connections_per_host(256)
        .build()
        .into()
}

pub(crate) fn send(
    agent: &ureq::Agent,
    address: SocketAddr,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> Result<Response, ureq::Error> {
    let mut post = agent.post(format!("http://{address}{path}")).content_type("application/json");
    for (name, value) in headers {
        post = post.header(*name, value);
    }
    let mut answer = post.send(body)?;
    let retry = answer.headers().get("retry-after").and_then(|v| v.to_str().ok()?.parse().ok());
    let (status, mut body) = (answer.status().as_u16(), Vec::new());
    answer.body_mut().as_reader().read_to_end(&mut body)?;
    Ok(Response { status, body, retry_after: retry })
}

/// The signature or the session that goes with a request.
pub(crate) fn headers(request: &Envelope) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    headers.extend(request.signature().map(|s| (SIGNATURE_HEADER, s.to_owned())));
    let session = request.session();
    headers.extend(session.map(|s| ("Authorization", format!("Bearer {}", s.expose()))));
    headers
}

/// A new, empty database in this run's PostgreSQL: its address.
pub(crate) fn new_database() -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let name = format!("town_{}", MADE.fetch_add(1, Ordering::Relaxed));
    let host = &cluster::cluster().host;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let url = format!("postgres://postgres@{host}/postgres");
        let connected = tokio_postgres::connect(&url, tokio_postgres::NoTls).await;
        let (client, connection) = connected.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    });
    format!("postgres://postgres@{host}/{name}?sslmode=disable")
}

/// Runs each of these, which take a town, on each of the two stores.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&crate::people::Town::new());
            })*
        }

        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(&crate::people::Town::postgres());
            })*
        }
    };
}
pub(crate) use on_both;

/// Somebody with a device.
#[derive(Clone)]
pub(crate) struct Person<'a> {
    pub(crate) town: &'a Town,
    pub(crate) address: String,
    /// The one she signs up with.
    pub(crate) password: String,
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

/// What every device in the tests is called.
pub(crate) fn device_name() -> DeviceName {
    "Hanako's phone".to_owned().try_into().unwrap()
}

/// The eight digits that stand alone in a mail.
pub(crate) fn code_in(mail: &str) -> MailedCodeText {
    let digits = mail.lines().map(str::trim);
    digits.flat_map(MailedCodeText::new).next().unwrap()
}

impl Person<'_> {
    pub(crate) fn key(&self) -> DeviceKey {
        DeviceKey(self.device.public_key().unwrap())
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
        self.signed(&sign_up(self)).map(|begun| begun.ticket)
    }

    pub(crate) fn signs_up(&mut self) -> Told<()> {
        let ticket = self.asks_to_sign_up()?;
        self.types_sign_up_code(&ticket)?;
        let signed_up = self.signed(&sign_up_factor(self, &ticket))?;
        self.session = Some(signed_up.session);
        self.recovery = signed_up.recovery_codes;
        Ok(())
    }

    /// The first mail's code, with her password; puts the secret that comes back into her authenticator.
    pub(crate) fn types_sign_up_code(&mut self, ticket: &Ticket) -> Told<()> {
        self.types_code_to_sign_up(ticket, self.code_of_mail(1))
    }

    /// The same with a code of a later mail.
    pub(crate) fn types_code_to_sign_up(
        &mut self,
        ticket: &Ticket,
        code: MailedCodeText,
    ) -> Told<()> {
        let (ticket, device, password) = (ticket.clone(), self.key(), password(&self.password));
        let call = SignUpCode { ticket, device, code, password };
        self.authenticator = Some(self.signed(&call)?.otpauth.expose().to_owned());
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
        self.signed(&log_in(self, with, second_factor))
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
        self.signed(&reset(self)).map(|begun| begun.ticket)
    }

    pub(crate) fn proves_reset(
        &self,
        ticket: &Ticket,
        code: MailedCodeText,
        second_factor: SecondFactor,
    ) -> Told<()> {
        self.signed(&reset_proof(self, ticket, code, second_factor)).map(|_| ())
    }

    pub(crate) fn finishes_reset(&self, ticket: &Ticket, new: &str) -> Told<()> {
        self.signed(&reset_finish(self, ticket, new)).map(|_| ())
    }
}

/// A body as it is sent, for those who write their own.
pub(crate) fn json(call: &impl serde::Serialize) -> Value {
    serde_json::to_value(call).unwrap()
}

pub(crate) fn sign_up(of: &Person<'_>) -> SignUp {
    let (address, language) = (of.address.parse().unwrap(), Language::En);
    SignUp { address, language, device: of.key(), device_name: device_name() }
}

pub(crate) fn sign_up_factor(of: &Person<'_>, ticket: &Ticket) -> SignUpFactor {
    SignUpFactor { ticket: ticket.clone(), device: of.key(), totp: of.totp() }
}

pub(crate) fn log_in(of: &Person<'_>, with: &str, second_factor: Option<SecondFactor>) -> LogIn {
    let (handle, password) = (of.address.parse().unwrap(), password(with));
    LogIn { handle, password, second_factor, device: of.key(), device_name: device_name() }
}

pub(crate) fn reset(of: &Person<'_>) -> Reset {
    let handle = of.address.parse().unwrap();
    Reset { handle, device: of.key(), device_name: device_name() }
}

pub(crate) fn reset_proof(
    of: &Person<'_>,
    ticket: &Ticket,
    code: MailedCodeText,
    second_factor: SecondFactor,
) -> ResetProof {
    ResetProof { ticket: ticket.clone(), device: of.key(), code, second_factor }
}

pub(crate) fn reset_finish(of: &Person<'_>, ticket: &Ticket, new: &str) -> ResetFinish {
    ResetFinish { ticket: ticket.clone(), device: of.key(), password: password(new) }
}
