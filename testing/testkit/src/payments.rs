//! Payments at an issuer: tills that read codes, payers who show them, and the issuer's store beside it.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use serde_json::{Value, json};
use tegata::SystemRandom;
use tegata::UnixTime;
use tegata::code::{
    AliasKey, AliasPeriod, Audience, CodeKeys, CodeSlot, CredentialId, Scheme, Seed, ShopName,
    SlotIndex, Step, TillId,
};
use tegata::protocol::{DeviceId, SessionId};
use tegata_issuer::admin::Operator;
use tegata_issuer::config::Config;
use tegata_issuer::crypto::Keys;
use tegata_issuer::domain::{AccountId, Reason, RequestId, StoreUrl as Place, make_credential_id};
use tegata_issuer::payments::SealedReceiptWriter;
use tegata_issuer::store::{AccountChange, GlobalState, NewCredential, Store};
use tegata_policy::{
    Account, Controls, Event, MatchResult, PolicyContext, Reply, begin_sign_up, decide,
};
use tokio::runtime::Runtime;

use crate::clock::TestClock;
use crate::issuer::{TestIssuer, agent};
use crate::shopper::TestShopper;

/// An issuer's tills and payers, with access to its store.
pub struct TestPayments<'a> {
    /// The issuer that is paid through.
    pub issuer: &'a TestIssuer,
    /// The threads that the store is used on.
    pub threads: Runtime,
    /// The issuer's store, opened a second time.
    pub store: Store,
    keys: Arc<Keys>,
}

/// A till that was enrolled.
#[derive(Clone, Debug)]
pub struct TestTill {
    /// Its id at the issuer.
    pub id: TillId,
    /// The token that its requests carry.
    pub token: String,
}

/// An account with a payment credential.
#[derive(Clone)]
pub struct TestPayer {
    /// The account's id at the issuer.
    pub account: AccountId,
    /// The credential's id at the issuer.
    pub credential: CredentialId,
    /// A session of the account.
    pub session: SessionId,
    /// What codes are derived from.
    pub seed: Seed,
}

/// The scheme of all payment codes here.
pub fn scheme() -> Scheme {
    Scheme { prefix: "4960".parse().unwrap(), alias_period: AliasPeriod::DAY }
}

const DEVICE: DeviceId = DeviceId([3; 32]);

/// The issuer's answer to a till.
#[derive(Clone, Debug, PartialEq)]
pub struct TillReply {
    /// The HTTP status of the answer.
    pub status: u16,
    /// The JSON of its body.
    pub body: Value,
}

impl TillReply {
    /// The outcome in words: `approved`, `declined limit`, or the name of a problem.
    pub fn outcome(&self) -> String {
        let text = |name: &str| self.body[name].as_str().unwrap_or_default().to_owned();
        if self.status != 200 {
            return text("type").rsplit(':').next().unwrap().to_owned();
        }
        [text("status"), text("reason")].join(" ").trim().to_owned()
    }

    /// The id of the authorisation.
    pub fn id(&self) -> &str {
        self.body["id"].as_str().unwrap()
    }
}

/// An operator's name and reason.
pub fn reason() -> Reason {
    Reason::new("ann", "a test").unwrap()
}

impl<'a> TestPayments<'a> {
    /// Adds the scheme to this issuer's store and restarts it.
    pub fn new(issuer: &'a TestIssuer) -> Self {
        let threads = Runtime::new().unwrap();
        let config: Config = toml::from_str(&issuer.settings).unwrap();
        let (store, keys) = threads.block_on(async {
            let store = Store::open(&config.store).await.unwrap();
            store.add_scheme(scheme()).await.unwrap();
            let key = config.server_key.as_ref().unwrap();
            let keys = Keys::open(&store, key, &SystemRandom::new()).await.unwrap();
            (store, Arc::new(keys))
        });
        // A service knows the prefixes that the store had when it started.
        issuer.restart();
        Self { issuer, threads, store, keys }
    }

    /// The writer of receipts.
    pub fn notices(&self) -> Arc<SealedReceiptWriter> {
        Arc::new(SealedReceiptWriter::new(Arc::clone(&self.keys), Arc::new(SystemRandom::new())))
    }

    /// The public key that till cards are verified with.
    pub fn till_card_key(&self) -> [u8; 32] {
        self.keys.till_card_key()
    }

    /// Runs SQL on the database, past the store.
    pub fn sql(&self, sql: &str) {
        let config: Config = toml::from_str(&self.issuer.settings).unwrap();
        match &config.store {
            Place::Sqlite(file) => {
                let connection = rusqlite::Connection::open(file).unwrap();
                connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
                connection.execute_batch(sql).unwrap();
            }
            Place::Postgres(url) => {
                self.threads
                    .block_on(async { connect(url).await.batch_execute(sql).await })
                    .unwrap();
            }
        }
    }

    /// Runs a query of one number.
    pub fn number(&self, sql: &str) -> i64 {
        let config: Config = toml::from_str(&self.issuer.settings).unwrap();
        match &config.store {
            Place::Sqlite(file) => {
                let connection = rusqlite::Connection::open(file).unwrap();
                connection.query_row(sql, [], |row| row.get(0)).unwrap()
            }
            Place::Postgres(url) => self.number_at(url, sql),
        }
    }

    /// Runs a query of one number at another PostgreSQL than the issuer's.
    pub fn number_at(&self, url: &str, sql: &str) -> i64 {
        self.threads.block_on(async {
            // A sum of BIGINTs is a NUMERIC there.
            let sql = format!("SELECT number::BIGINT FROM ({sql}) AS it (number)");
            connect(url).await.query_one(&sql, &[]).await.unwrap().get(0)
        })
    }

    /// Runs a query of pairs of texts at another PostgreSQL than the issuer's.
    pub fn pairs_at(&self, url: &str, sql: &str) -> BTreeMap<String, String> {
        let rows = self.threads.block_on(async { connect(url).await.query(sql, &[]).await });
        rows.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// Does `work` while another transaction holds the rows that `lock` selects. As soon as `work` waits for them, that
    /// transaction runs `meanwhile` and commits. On PostgreSQL alone: SQLite has one writer.
    pub fn while_locked<T: Send>(
        &self,
        lock: &str,
        meanwhile: &str,
        work: impl FnOnce() -> T + Send,
    ) -> T {
        const WAITING: &str = "SELECT COUNT(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let config: Config = toml::from_str(&self.issuer.settings).unwrap();
        let Place::Postgres(url) = &config.store else { panic!("on PostgreSQL") };
        let holder = self.threads.block_on(connect(url));
        let does = |sql: &str| self.threads.block_on(holder.batch_execute(sql)).unwrap();
        does(&format!("BEGIN; {lock} FOR UPDATE"));
        std::thread::scope(|scope| {
            let work = scope.spawn(work);
            while self.number(WAITING) == 0 {
                assert!(!work.is_finished(), "it did not wait");
            }
            does(&format!("{meanwhile}; COMMIT"));
            work.join().unwrap()
        })
    }

    /// Bytes as a literal in this database's SQL.
    pub fn blob(&self, bytes: &[u8]) -> String {
        let config: Config = toml::from_str(&self.issuer.settings).unwrap();
        match &config.store {
            Place::Sqlite(_) => format!("x'{}'", hex::encode(bytes)),
            Place::Postgres(_) => format!("'\\x{}'::bytea", hex::encode(bytes)),
        }
    }

    /// The operator of this issuer.
    pub fn operator(&self) -> Operator {
        let config = toml::from_str(&self.issuer.settings).unwrap();
        let clock = Arc::new(TestClock::at(self.issuer.now().seconds()));
        let world = tegata_issuer::domain::Environment {
            clock,
            ..tegata_issuer::domain::Environment::system()
        };
        Operator::open(config, world).unwrap()
    }

    /// Adds a till and enrols it.
    pub fn till(&self, id: &str) -> TestTill {
        let code = self.enrolment_code(id);
        let enrolled = self.enrol(&code);
        assert_eq!(enrolled.status, 200, "{enrolled:?}");
        let token = enrolled.body["token"].as_str().unwrap().to_owned();
        TestTill { id: id.parse().unwrap(), token }
    }

    /// Adds a till and gives its enrolment code.
    pub fn enrolment_code(&self, id: &str) -> String {
        let shop = ShopName::new("Tegata Ginza").unwrap();
        let code = self.operator().add_till(id.parse().unwrap(), shop, &reason()).unwrap();
        code.text().expose().to_owned()
    }

    /// Enrols a till with this code.
    pub fn enrol(&self, code: &str) -> TillReply {
        self.post("/v1/tills", &[], &json!({ "code": code }))
    }

    /// Posts this JSON to the issuer.
    pub fn post(&self, path: &str, headers: &[(&str, String)], body: &Value) -> TillReply {
        let response = self.issuer.post(path, headers, body.to_string().as_bytes());
        let body = serde_json::from_slice(&response.body).unwrap();
        TillReply { status: response.status, body }
    }

    /// Gets a path with a till's token.
    pub fn get(&self, till: &TestTill, path: &str) -> TillReply {
        let url = format!("http://{}{path}", self.issuer.address());
        let agent = agent();
        let bearer = format!("Bearer {}", till.token);
        let mut answer = agent.get(url).header("Authorization", bearer).call().unwrap();
        let mut body = Vec::new();
        answer.body_mut().as_reader().read_to_end(&mut body).unwrap();
        TillReply { status: answer.status().as_u16(), body: serde_json::from_slice(&body).unwrap() }
    }

    /// Asks for a void with a till's token.
    pub fn void(&self, till: &TestTill, what: &Value) -> TillReply {
        self.post("/v1/voids", &[("Authorization", format!("Bearer {}", till.token))], what)
    }

    /// A payer whose seed has this byte 32 times; their codes are known from yesterday for five days.
    pub fn payer(&self, byte: u8) -> TestPayer {
        self.payer_with_seed(Seed::from_slice(&[byte; 32]).unwrap())
    }

    /// A shopper who has signed up as a payer, whose seed has this byte 32 times.
    pub fn payer_of(&self, person: &TestShopper<'_>, byte: u8) -> TestPayer {
        let now = self.issuer.now();
        let seed = Seed::from_slice(&[byte; 32]).unwrap();
        self.threads.block_on(async {
            let account =
                self.store.find_account(&self.keys.handle(&person.address)).await.unwrap();
            let account = account.unwrap();
            let loaded = self.store.load(account).await.unwrap().unwrap();
            let Account::Active(live) = &loaded.state else { panic!("not signed up") };
            let session = live.sessions(&world(&loaded.global_state, now)).next().unwrap().id;
            let device = live.devices()[0].id;
            let credential = self.provision_on(account, (session, device), &seed, now).await;
            TestPayer { account, credential, session, seed }
        })
    }

    /// A payer with this seed.
    pub fn payer_with_seed(&self, seed: Seed) -> TestPayer {
        let now = self.issuer.now();
        let account = AccountId::make(now, &SystemRandom::new()).unwrap();
        self.threads.block_on(async {
            let opened = self.store.create(account, move |global_state| {
                let (state, _) =
                    begin_sign_up(DEVICE, "phone".into(), false, &world(global_state, now));
                (AccountChange { state: Some(state), ..AccountChange::default() }, ())
            });
            opened.await.unwrap();
            let session = self.store.change(account, move |loaded| {
                let world = world(&loaded.global_state, now);
                let (state, _) = checked(
                    loaded.state.clone(),
                    Event::VerifySignUpCode { device: DEVICE },
                    MatchResult::Match,
                    &world,
                );
                let factor = Event::VerifySignUpFactor { device: DEVICE };
                let (state, answer) =
                    checked(state, factor, MatchResult::TotpStep(now.seconds() / 30 + 100), &world);
                let Reply::SignedUp { session, .. } = answer else { panic!("{answer:?}") };
                (AccountChange { state: Some(state), ..AccountChange::default() }, session)
            });
            let session = session.await.unwrap();
            let credential = self.provision(account, session, &seed, now).await;
            TestPayer { account, credential, session, seed }
        })
    }

    /// Gives an account a new credential, which voids the one before.
    pub async fn provision(
        &self,
        account: AccountId,
        session: SessionId,
        seed: &Seed,
        now: UnixTime,
    ) -> CredentialId {
        self.provision_on(account, (session, DEVICE), seed, now).await
    }

    async fn provision_on(
        &self,
        account: AccountId,
        (session, device): (SessionId, DeviceId),
        seed: &Seed,
        now: UnixTime,
    ) -> CredentialId {
        let random = SystemRandom::new();
        let id = make_credential_id(now, &random).unwrap();
        let keys = Arc::clone(&self.keys);
        let seed = seed.clone();
        let provisioned = self.store.provision(account, RequestId(id.0), move |loaded, _| {
            let world = world(&loaded.global_state, now);
            let asked = Event::Provision { session, device, last_used: None };
            let decided = decide(loaded.state.clone(), asked, &world);
            let Reply::Provisioned(number) = decided.reply else { panic!("{:?}", decided.reply) };
            let scheme = scheme();
            let today = scheme.alias_period.index(Step::at(now));
            let alias = |period: u64| {
                let step = Step::at(UnixTime::new(period * 86_400).unwrap());
                (period, AliasKey::new(&seed).derive(&scheme.prefix, scheme.alias_period, step))
            };
            let credential = NewCredential {
                id,
                number,
                scheme,
                seed: keys.seal_seed(account, id, &seed, &SystemRandom::new()).unwrap(),
                request: RequestId(id.0),
                request_hash: [0; 32],
                made: now,
                aliases: (today - 1..today + 4).map(alias).collect(),
            };
            let state = Some(decided.account);
            (AccountChange { state, credential: Some(credential), ..AccountChange::default() }, ())
        });
        provisioned.await.unwrap();
        id
    }

    /// Applies an event to a payer's account.
    pub fn apply_event(
        &self,
        shopper: &TestPayer,
        event: impl Fn() -> Event + Send + Sync + 'static,
    ) {
        let now = self.issuer.now();
        let done = self.store.change(shopper.account, move |loaded| {
            let decided = decide(loaded.state.clone(), event(), &world(&loaded.global_state, now));
            (AccountChange { state: Some(decided.account), ..AccountChange::default() }, ())
        });
        self.threads.block_on(done).unwrap();
    }

    /// The `nth` code of this half minute, for any till or for one.
    pub fn code(&self, shopper: &TestPayer, nth: u8, till: Option<&TestTill>) -> String {
        self.code_of(shopper, &scheme(), nth, till)
    }

    /// The `nth` code of this half minute under this scheme.
    pub fn code_of(
        &self,
        shopper: &TestPayer,
        scheme: &Scheme,
        nth: u8,
        till: Option<&TestTill>,
    ) -> String {
        let audience = till.map_or(Audience::AnyTill, |till| Audience::OneTill(till.id.clone()));
        let step = Step::at(self.issuer.now());
        let slot = CodeSlot { step, index: SlotIndex::new(nth).unwrap(), audience };
        CodeKeys::new(&shopper.seed).derive(scheme, &slot).digits().to_string()
    }

    /// The first code of the next half minute; moves the clock there.
    pub fn next_code(&self, shopper: &TestPayer) -> String {
        self.issuer.advance_clock(30);
        self.code(shopper, 0, None)
    }
}

impl TestTill {
    /// The headers of an authorisation with this idempotency key.
    pub fn headers(&self, key: &str) -> Vec<(&'static str, String)> {
        vec![
            ("Authorization", format!("Bearer {}", self.token)),
            ("Idempotency-Key", key.to_owned()),
        ]
    }

    /// Asks for a payment; `what` is both idempotency key and reference.
    pub fn authorise(
        &self,
        payments: &TestPayments<'_>,
        what: &str,
        code: &str,
        amount: u64,
    ) -> TillReply {
        self.authorise_as(payments, what, what, code, amount)
    }

    /// Asks for a payment under this idempotency key and reference.
    pub fn authorise_as(
        &self,
        payments: &TestPayments<'_>,
        key: &str,
        reference: &str,
        code: &str,
        amount: u64,
    ) -> TillReply {
        let body =
            json!({ "code": code, "amount": amount, "currency": "JPY", "reference": reference });
        payments.post("/v1/authorisations", &self.headers(key), &body)
    }
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn world(global_state: &GlobalState, now: UnixTime) -> PolicyContext {
    let GlobalState { generation, used_up_to, .. } = *global_state;
    PolicyContext { now, generation, used_up_to, controls: Controls::ALL }
}

/// Decides on an event that asks for a comparison, and on its result.
fn checked(
    state: Account,
    event: Event,
    found: MatchResult,
    world: &PolicyContext,
) -> (Account, Reply) {
    let asked = decide(state, event, world);
    let Reply::VerificationRequired(check) = asked.reply else { panic!("{:?}", asked.reply) };
    let outcome = decide(
        asked.account,
        Event::CompleteVerification { verification: check, result: found },
        world,
    );
    (outcome.account, outcome.reply)
}
