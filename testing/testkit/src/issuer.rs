//! A running issuer of a test's own, its mailbox and what it counts.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use tegata::formats::otpauth;
use tegata::protocol::{
    CHALLENGE_HEADER, Call, Challenge, Envelope, Freshness, GetChallenge, IssuerError,
    MailedCodeText, NoticeCode, Request, Response, SIGNATURE_HEADER, SignaturePurpose,
};
use tegata::vault::{Argon2Params, Keystore, SoftwareKeystore};
use tegata::{Clock, SystemRandom, UnixTime};
use tegata_issuer::App;
use tegata_issuer::config::{Config, Processor};
use tegata_issuer::domain::{AuthorisationId, Environment};
use tegata_issuer::mail::Mailbox;
use tegata_issuer::payments::{CardCharger, ChargeOutcome};
use tegata_issuer::store::{
    AuthorisationState, NewAuthorisation, ReceiptWriter, Store, StoreError,
};

use crate::clock::TestClock;
use crate::described_problems::assert_described;
use crate::mail_server::TestMailServer;
use crate::postgres::new_postgres_database;

/// A running issuer on a store of its own, under a clock that the test moves.
pub struct TestIssuer {
    handle: RwLock<Option<App>>,
    /// The address of the process that serves in its place, if one does.
    elsewhere: Mutex<Option<SocketAddr>>,
    /// The address of that process for whoever runs it, if the test knows it.
    internal_elsewhere: Mutex<Option<SocketAddr>>,
    /// The client, which keeps its connections.
    agent: Mutex<ureq::Agent>,
    /// The settings it starts with (TOML).
    pub settings: String,
    /// The clock it goes by.
    pub clock: Arc<TestClock>,
    /// The mails it sent.
    pub mailbox: Arc<Mailbox>,
    /// What hands them over to the mailbox.
    pub mail_server: Arc<TestMailServer>,
    /// Its files; gone when it is dropped.
    pub folder: tempfile::TempDir,
    devices: AtomicU64,
    /// The last challenge, and when it came.
    challenge: Mutex<Option<(UnixTime, Challenge)>>,
    /// The answer to every charge from now on, unless the settings name a processor or it has a sandbox.
    pub processor: Arc<Mutex<ChargeOutcome>>,
    has_sandbox: bool,
}

/// Charges at once, with the answer that the test set, and moves the row as every charge has to.
struct ImmediateCharge {
    store: Store,
    clock: Arc<TestClock>,
    outcome: Arc<Mutex<ChargeOutcome>>,
    tell: Arc<dyn ReceiptWriter>,
}

impl ImmediateCharge {
    /// Moves the row and tells whether it is final: in this state, or in the one that a faster void gave it. With a
    /// database that died it is not.
    async fn settle(&self, id: AuthorisationId, to: AuthorisationState) -> bool {
        // A database that is away leaves it open, as it does with a real processor.
        let Ok(Some(found)) = self.store.authorisation(id).await else { return false };
        let moved = self.store.transition(found, to, self.clock.now(), self.tell.clone()).await;
        matches!(moved, Ok(_) | Err(StoreError::VersionConflict))
    }
}

#[async_trait::async_trait]
impl CardCharger for ImmediateCharge {
    async fn charge(&self, made: NewAuthorisation) -> ChargeOutcome {
        let id = made.authorisation.id;
        let outcome = *self.outcome.lock().unwrap();
        let is_settled = match outcome {
            ChargeOutcome::Done => self.settle(id, AuthorisationState::Charged).await,
            ChargeOutcome::Declined => self.settle(id, AuthorisationState::Declined).await,
            ChargeOutcome::Pending => true,
        };
        if is_settled { outcome } else { ChargeOutcome::Pending }
    }

    async fn reverse(&self, id: AuthorisationId) -> ChargeOutcome {
        let outcome = *self.outcome.lock().unwrap();
        if outcome == ChargeOutcome::Done {
            self.settle(id, AuthorisationState::Refunded).await;
        }
        outcome
    }
}

impl TestIssuer {
    /// On SQLite, with the usual settings.
    #[expect(clippy::new_without_default, reason = "it starts a service")]
    pub fn new() -> Self {
        Self::with("")
    }

    /// On SQLite, with these settings (TOML) as well.
    pub fn with(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", folder.path().join("issuer.sqlite").display());
        Self::on(&store, folder, settings)
    }

    /// On a new database in this run's PostgreSQL.
    pub fn postgres() -> Self {
        Self::postgres_with("")
    }

    /// On a new database in this run's PostgreSQL, with these settings (TOML) as well.
    pub fn postgres_with(settings: &str) -> Self {
        Self::on(&new_postgres_database(), tempfile::tempdir().unwrap(), settings)
    }

    /// On the store at this URL, with the test's files in `folder`.
    pub fn on(store: &str, folder: tempfile::TempDir, settings: &str) -> Self {
        Self::build(store, folder, settings, TestClock::at(1_800_000_000), false)
    }

    /// On SQLite, with the usual limits, the sandbox as its processor and a clock that runs with the system's: what the
    /// command line's wallet can use.
    pub fn with_sandbox() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", folder.path().join("issuer.sqlite").display());
        Self::build(&store, folder, "", TestClock::system(), true)
    }

    /// The same on a new database in this run's PostgreSQL.
    pub fn postgres_with_sandbox() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::build(&new_postgres_database(), folder, "", TestClock::system(), true)
    }

    fn build(
        store: &str,
        folder: tempfile::TempDir,
        settings: &str,
        clock: TestClock,
        has_sandbox: bool,
    ) -> Self {
        let sandbox = format!("sandbox:{}", folder.path().join("sandbox").display());
        let processor = if settings.contains("processor = ") {
            String::new()
        } else {
            format!("processor = {sandbox:?}\n")
        };
        let limits = if has_sandbox {
            ""
        } else {
            "requests_per_minute = 4000000000\nconnections_per_network = 1024\nlog_level = \"error\"\n"
        };
        let settings = format!(
            "development = true\nlisten = \"127.0.0.1:0\"\nstore = {store:?}\nserver_key = \"{}\"\n{limits}{processor}{settings}",
            "5a".repeat(32)
        );
        let mailbox = Arc::new(Mailbox::default());
        let issuer = Self {
            handle: RwLock::default(),
            elsewhere: Mutex::default(),
            internal_elsewhere: Mutex::default(),
            agent: Mutex::new(agent()),
            settings,
            clock: Arc::new(clock),
            mail_server: Arc::new(TestMailServer::new(mailbox.clone())),
            mailbox,
            folder,
            devices: AtomicU64::new(0),
            challenge: Mutex::default(),
            processor: Arc::new(Mutex::new(ChargeOutcome::Done)),
            has_sandbox,
        };
        issuer.start();
        issuer
    }

    /// Starts it with its settings.
    pub fn start(&self) {
        let world = Environment { clock: self.clock.clone(), ..Environment::system() };
        let config: Config = toml::from_str(&self.settings).unwrap();
        let clock = self.clock.clone();
        let outcome = self.processor.clone();
        let charge = move |store: &Store, tell| {
            Arc::new(ImmediateCharge { store: store.clone(), clock, outcome, tell })
                as Arc<dyn CardCharger>
        };
        let has_own_charger =
            matches!(config.processor(), Some(Processor::Sandbox(_))) && !self.has_sandbox;
        let mut builder =
            App::builder(config).environment(world).mail_transport(self.mail_server.clone());
        // The sandbox, and a processor of the test's own, are asked as a real one is.
        if has_own_charger {
            builder = builder.charger(charge);
        }
        let handle = builder.start().unwrap();
        *self.handle.write().unwrap() = Some(handle);
        *self.elsewhere.lock().unwrap() = None;
        *self.internal_elsewhere.lock().unwrap() = None;
        *self.agent.lock().unwrap() = agent();
    }

    /// From now on another process serves in its place, at this address, and at the other one for whoever runs it.
    pub fn use_process_at(&self, address: SocketAddr, internal: Option<SocketAddr>) {
        *self.elsewhere.lock().unwrap() = Some(address);
        *self.internal_elsewhere.lock().unwrap() = internal;
        self.close_connections();
    }

    /// Closes the client's connections.
    pub fn close_connections(&self) {
        *self.agent.lock().unwrap() = agent();
    }

    /// Stops it; its store stays.
    pub fn stop(&self) {
        let handle = self.handle.write().unwrap().take();
        handle.unwrap().stop();
    }

    /// Stops it and starts it again on the same store.
    pub fn restart(&self) {
        self.stop();
        self.start();
    }

    /// Restarts it with these settings changed; `null` takes one out. It listens at another port then.
    pub fn restart_with(&mut self, settings: &serde_json::Value) {
        self.stop();
        for (name, value) in settings.as_object().unwrap() {
            let setting = format!("{name} = ");
            let kept = self.settings.lines().filter(|line| !line.starts_with(&setting));
            let mut kept: Vec<String> = kept.map(str::to_owned).collect();
            if !value.is_null() {
                kept.push(format!("{name} = {value}"));
            }
            self.settings = kept.join("\n") + "\n";
        }
        self.start();
    }

    /// The URL of the service.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Its settings as the environment of a `tegata issuer` command.
    pub fn environment(&self) -> Vec<(String, String)> {
        let settings: toml::Table = toml::from_str(&self.settings).unwrap();
        let text = |value: &toml::Value| {
            value.as_str().map_or_else(|| value.as_bool().unwrap().to_string(), str::to_owned)
        };
        let name = |name: &str| format!("TEGATA_ISSUER_{}", name.to_uppercase());
        settings.iter().map(|(key, value)| (name(key), text(value))).collect()
    }

    /// The address it listens at.
    pub fn address(&self) -> SocketAddr {
        let elsewhere = *self.elsewhere.lock().unwrap();
        elsewhere.unwrap_or_else(|| self.handle.read().unwrap().as_ref().unwrap().address())
    }

    /// The address it listens at for whoever runs it.
    pub fn internal_address(&self) -> SocketAddr {
        let elsewhere = *self.internal_elsewhere.lock().unwrap();
        elsewhere
            .unwrap_or_else(|| self.handle.read().unwrap().as_ref().unwrap().internal_address())
    }

    /// The samples of `/metrics` whose names begin with `name`.
    pub fn counts(&self, name: &str) -> BTreeMap<String, u64> {
        let text = self.handle.read().unwrap().as_ref().unwrap().state().metrics.text().unwrap();
        let lines = text.lines().filter(|line| line.starts_with(name));
        let count = |line: &str| {
            let (name, count) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), count.parse().unwrap())
        };
        lines.map(count).collect()
    }

    /// The number of comparisons of this kind with a stored secret.
    pub fn comparisons(&self, of: &str) -> u64 {
        let name = format!("tegata_comparisons_total{{of=\"{of}\",with=\"kept\"}}");
        self.counts(&name).into_values().sum()
    }

    /// Moves its clock forward by so many seconds.
    pub fn advance_clock(&self, seconds: u64) {
        self.clock.advance(seconds);
        if self.elsewhere.lock().unwrap().is_some() {
            self.write_clock_file();
        }
    }

    /// Moves its clock back by so many seconds.
    pub fn set_clock_back(&self, seconds: u64) {
        self.clock.set_back(seconds);
        if self.elsewhere.lock().unwrap().is_some() {
            self.write_clock_file();
        }
    }

    /// Writes the time for an issuer in another process to read.
    pub fn write_clock_file(&self) {
        let now = self.now().seconds().to_string();
        let new = self.folder.path().join("now.new");
        let file = self.folder.path().join("now");
        std::fs::write(&new, now).unwrap();
        std::fs::rename(new, file).unwrap();
    }

    /// The time of its clock.
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// A new device's keystore.
    pub fn device(&self) -> Arc<SoftwareKeystore> {
        let number = self.devices.fetch_add(1, Ordering::SeqCst);
        let path = self.folder.path().join(format!("device-{number}"));
        let random = Arc::new(SystemRandom::new());
        let stretch = Argon2Params::new(8, 1, 1).unwrap();
        Arc::new(SoftwareKeystore::create(&path, b"passphrase", stretch, random).unwrap())
    }

    /// The mails to an address, subject and text, once there are `at_least` so many: all but the [`ROUTINE`] ones.
    pub fn mails(&self, to: &str, at_least: usize) -> Vec<(String, String)> {
        for _ in 0..600 {
            let mut mails = self.all_mails(to);
            mails.retain(|(subject, _)| !ROUTINE.contains(&subject.as_str()));
            if mails.len() >= at_least {
                return mails;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("fewer mails than {at_least}");
    }

    /// All mails to an address by now, subject and text.
    pub fn all_mails(&self, to: &str) -> Vec<(String, String)> {
        let mails = self.mailbox.mails().into_iter().filter(|mail| mail.to.address() == to);
        mails.map(|mail| (mail.subject, mail.body)).collect()
    }

    /// The code in the `nth` mail to an address with this subject, counted from 0.
    pub fn code_in_mail(&self, address: &str, nth: usize, subject: &str) -> String {
        for _ in 0..600 {
            let mails = self.mails(address, 0);
            let mut mails = mails.iter().filter(|(its, _)| its.contains(subject));
            if let Some((_, body)) = mails.nth(nth) {
                let is_code = |line: &&str| {
                    MailedCodeText::new(line).is_ok() || NoticeCode::parse(line).is_ok()
                };
                return body.lines().map(str::trim).find(is_code).unwrap().to_owned();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("no mail has the subject {subject}");
    }

    /// The value that an authenticator with this otpauth URI shows half a minute later; moves the clock there.
    pub fn next_totp(&self, uri: &str) -> String {
        self.clock.advance(30);
        let credential = otpauth::parse(uri.as_bytes()).unwrap();
        credential.code(self.now()).unwrap().digits().to_owned()
    }

    /// Sends a request and reads the answer.
    pub fn send<C: Call>(&self, request: &Request<C>) -> Result<C::Answer, IssuerError> {
        request.answer(&self.execute(request))
    }

    /// Sends what the wallet hands to its host.
    pub fn execute(&self, envelope: &Envelope) -> Response {
        self.post(envelope.path(), &headers(envelope), envelope.body())
    }

    /// Posts these bytes as JSON. Panics if the answer is a problem that the description of the interface does not name.
    pub fn post(&self, path: &str, headers: &[(&str, String)], body: &[u8]) -> Response {
        let agent = self.agent.lock().unwrap().clone();
        let response = send(&agent, self.address(), path, headers, body).unwrap();
        assert_described(path, &response);
        let challenge = response.challenge().map(|challenge| (self.now(), challenge));
        if challenge.is_some() {
            *self.challenge.lock().unwrap() = challenge;
        }
        response
    }

    /// What makes the signature of a new request good now.
    pub fn freshness(&self) -> Freshness {
        Freshness::make(Some(self.fresh_challenge()), &SystemRandom::new()).unwrap()
    }

    /// The header of a hand-made message that this device signs for this purpose.
    pub fn signature(&self, purpose: &str, body: &[u8], device: &dyn Keystore) -> String {
        SignaturePurpose::Named(purpose).sign(&self.freshness(), body, device).unwrap()
    }

    /// A challenge that is good now: the last one, or a new one if that is older than four minutes.
    pub fn fresh_challenge(&self) -> Challenge {
        let known = self.challenge.lock().unwrap().clone();
        let is_good = |(at, _): &(UnixTime, _)| self.now().seconds().abs_diff(at.seconds()) < 240;
        if let Some((_, challenge)) = known.filter(is_good) {
            return challenge;
        }
        self.send(&Request::written(&GetChallenge {}).unwrap()).unwrap().challenge
    }
}

impl Drop for TestIssuer {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.get_mut().unwrap().take() {
            handle.stop();
        }
    }
}

/// An HTTP client that keeps its connections.
pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_mins(5)))
        .max_idle_connections(256)
        .max_idle_connections_per_host(256)
        .build()
        .into()
}

/// Posts these bytes as JSON to an issuer at this address.
pub fn send(
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
    let challenge = answer.headers().get(CHALLENGE_HEADER);
    let challenge = challenge.and_then(|value| value.to_str().ok().map(str::to_owned));
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    answer.body_mut().as_reader().read_to_end(&mut body)?;
    Ok(Response { status, body, retry_after: retry, challenge })
}

/// The headers of a request: its signature, its session.
pub fn headers(request: &Envelope) -> Vec<(&'static str, String)> {
    let mut headers = Vec::new();
    headers.extend(request.signature().map(|s| (SIGNATURE_HEADER, s.to_owned())));
    let session = request.session();
    headers.extend(session.map(|s| ("Authorization", format!("Bearer {}", s.expose()))));
    headers
}

/// The subjects of mails about what owners do every day, which a test that counts mails leaves out: a log-in on a known
/// device, and a new payment credential.
pub const ROUTINE: [&str; 4] = [
    "Login to your account",
    "アカウントへのログインがありました",
    "Payments were set up on a device",
    "端末でお支払いの設定が行われました",
];

/// Makes a test on each of the two stores of every function named, which takes a [`TestIssuer`].
#[macro_export]
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&$crate::TestIssuer::new());
            })*
        }

        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(&$crate::TestIssuer::postgres());
            })*
        }
    };
}
