//! A running issuer with tills, and shoppers who pay at them.

use std::io::Read;
use std::sync::Arc;

use serde_json::{Value, json};
use tegata::code::{
    AliasKey, AliasPeriod, Audience, CodeKeys, CredentialId, Nth, Scheme, Seed, ShopName, Step,
    TillId, Turn,
};
use tegata::protocol::{DeviceId, SessionId};
use tegata::{Clock, SystemRandom, UnixTime};
use tegata_issuer::admin::{Operator, Reason};
use tegata_issuer::config::{Config, Store as Place};
use tegata_issuer::crypto::Keys;
use tegata_issuer::domain::{AccountId, RequestId, make_credential_id};
use tegata_issuer::payments::Notices;
use tegata_issuer::store::{Change, NewCredential, Standing, Store};
use tegata_policy::{Account, Answer, Controls, Event, Found, World, decide, open};
use tokio::runtime::Runtime;

use crate::people::{Person, Town};

/// The issuer, and a hand in its store beside it.
pub(crate) struct Desk<'a> {
    pub(crate) town: &'a Town,
    pub(crate) threads: Runtime,
    pub(crate) store: Store,
    keys: Arc<Keys>,
}

/// An operator's clock, standing where the issuer's does.
struct At(UnixTime);

impl Clock for At {
    fn now(&self) -> UnixTime {
        self.0
    }
}

/// A till that was enrolled.
#[derive(Clone, Debug)]
pub(crate) struct Till {
    pub(crate) id: TillId,
    pub(crate) token: String,
}

/// Somebody with a payment credential.
#[derive(Clone)]
pub(crate) struct Shopper {
    pub(crate) account: AccountId,
    pub(crate) credential: CredentialId,
    pub(crate) session: SessionId,
    pub(crate) seed: Seed,
}

pub(crate) fn scheme() -> Scheme {
    Scheme { prefix: "4960".parse().unwrap(), alias_period: AliasPeriod::DAY }
}

const DEVICE: DeviceId = DeviceId([3; 32]);

/// How an answer reads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Told {
    /// `approved`, `declined limit`, or the name of a problem.
    pub(crate) fn words(&self) -> String {
        let text = |name: &str| self.body[name].as_str().unwrap_or_default().to_owned();
        if self.status != 200 {
            return text("type").rsplit(':').next().unwrap().to_owned();
        }
        [text("status"), text("reason")].join(" ").trim().to_owned()
    }

    pub(crate) fn id(&self) -> &str {
        self.body["id"].as_str().unwrap()
    }
}

pub(crate) fn reason() -> Reason {
    Reason::new("ann", "a test").unwrap()
}

impl<'a> Desk<'a> {
    pub(crate) fn new(town: &'a Town) -> Self {
        let threads = Runtime::new().unwrap();
        let config: Config = toml::from_str(&town.settings).unwrap();
        let (store, keys) = threads.block_on(async {
            let store = Store::open(&config.store).await.unwrap();
            store.add_scheme(scheme()).await.unwrap();
            let key = config.server_key.as_ref().unwrap();
            let keys = Keys::open(&store, key, &SystemRandom::new()).await.unwrap();
            (store, Arc::new(keys))
        });
        // It knows the prefixes that there were when it began.
        town.restart();
        Self { town, threads, store, keys }
    }

    /// Whoever tells owners of their payments.
    pub(crate) fn notices(&self) -> Arc<Notices> {
        Arc::new(Notices::new(Arc::clone(&self.keys), Arc::new(SystemRandom::new())))
    }

    /// What tills' cards are held to.
    pub(crate) fn till_card_key(&self) -> [u8; 32] {
        self.keys.till_card_key()
    }

    /// What somebody with the database's password does, past the store.
    pub(crate) fn sql(&self, sql: &str) {
        let config: Config = toml::from_str(&self.town.settings).unwrap();
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

    /// A number that a query gives.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        let config: Config = toml::from_str(&self.town.settings).unwrap();
        match &config.store {
            Place::Sqlite(file) => {
                let connection = rusqlite::Connection::open(file).unwrap();
                connection.query_row(sql, [], |row| row.get(0)).unwrap()
            }
            Place::Postgres(url) => self.threads.block_on(async {
                // A sum of BIGINTs is a NUMERIC there.
                let sql = format!("SELECT number::BIGINT FROM ({sql}) AS it (number)");
                connect(url).await.query_one(&sql, &[]).await.unwrap().get(0)
            }),
        }
    }

    /// Does `work` while another transaction holds the rows that `lock` selects. As soon as `work` waits for them, that
    /// one does `meanwhile` and ends. On PostgreSQL: SQLite writes one after the other.
    pub(crate) fn behind<T: Send>(
        &self,
        lock: &str,
        meanwhile: &str,
        work: impl FnOnce() -> T + Send,
    ) -> T {
        const WAITING: &str = "SELECT COUNT(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let config: Config = toml::from_str(&self.town.settings).unwrap();
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

    /// Bytes as a statement of this store's writes them.
    pub(crate) fn blob(&self, bytes: &[u8]) -> String {
        let config: Config = toml::from_str(&self.town.settings).unwrap();
        match &config.store {
            Place::Sqlite(_) => format!("x'{}'", hex::encode(bytes)),
            Place::Postgres(_) => format!("'\\x{}'::bytea", hex::encode(bytes)),
        }
    }

    pub(crate) fn operator(&self) -> Operator {
        let config = toml::from_str(&self.town.settings).unwrap();
        let clock = Arc::new(At(self.town.now()));
        let world = tegata_issuer::World { clock, ..tegata_issuer::World::system() };
        Operator::open(config, world).unwrap()
    }

    /// A till with its token.
    pub(crate) fn till(&self, id: &str) -> Till {
        let code = self.code_for(id);
        let enrolled = self.enrol(&code);
        assert_eq!(enrolled.status, 200, "{enrolled:?}");
        let token = enrolled.body["token"].as_str().unwrap().to_owned();
        Till { id: id.parse().unwrap(), token }
    }

    pub(crate) fn code_for(&self, id: &str) -> String {
        let shop = ShopName::new("Tegata Ginza").unwrap();
        let code = self.operator().add_till(id.parse().unwrap(), shop, &reason()).unwrap();
        code.text().expose().to_owned()
    }

    pub(crate) fn enrol(&self, code: &str) -> Told {
        self.post("/v1/tills", &[], &json!({ "code": code }))
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, String)], body: &Value) -> Told {
        let response = self.town.post(path, headers, body.to_string().as_bytes());
        let body = serde_json::from_slice(&response.body).unwrap();
        Told { status: response.status, body }
    }

    pub(crate) fn get(&self, till: &Till, path: &str) -> Told {
        let url = format!("http://{}{path}", self.town.address());
        let agent = crate::people::agent();
        let bearer = format!("Bearer {}", till.token);
        let mut answer = agent.get(url).header("Authorization", bearer).call().unwrap();
        let mut body = Vec::new();
        answer.body_mut().as_reader().read_to_end(&mut body).unwrap();
        Told { status: answer.status().as_u16(), body: serde_json::from_slice(&body).unwrap() }
    }

    pub(crate) fn void(&self, till: &Till, what: &Value) -> Told {
        self.post("/v1/voids", &[("Authorization", format!("Bearer {}", till.token))], what)
    }

    /// Somebody with a credential of this seed, from today up to some days from now.
    pub(crate) fn shopper(&self, byte: u8) -> Shopper {
        self.shopper_with(Seed::from_slice(&[byte; 32]).unwrap())
    }

    /// Somebody who has signed up, with a credential of this seed.
    pub(crate) fn shopper_of(&self, person: &Person<'_>, byte: u8) -> Shopper {
        let (now, seed) = (self.town.now(), Seed::from_slice(&[byte; 32]).unwrap());
        self.threads.block_on(async {
            let account = self.store.find(&self.keys.handle(&person.address)).await.unwrap();
            let account = account.unwrap();
            let loaded = self.store.load(account).await.unwrap().unwrap();
            let Account::Live(live) = &loaded.state else { panic!("not signed up") };
            let session = live.sessions(&world(&loaded.standing, now)).next().unwrap().id;
            let device = live.devices()[0].id;
            let credential = self.provision_on(account, (session, device), &seed, now).await;
            Shopper { account, credential, session, seed }
        })
    }

    pub(crate) fn shopper_with(&self, seed: Seed) -> Shopper {
        let now = self.town.now();
        let account = AccountId::make(now, &SystemRandom::new()).unwrap();
        self.threads.block_on(async {
            let opened = self.store.create(account, move |standing| {
                let (state, _) = open(DEVICE, "phone".into(), false, &world(standing, now));
                (Change { state: Some(state), ..Change::default() }, ())
            });
            opened.await.unwrap();
            let session = self.store.change(account, move |loaded| {
                let world = world(&loaded.standing, now);
                let (state, _) = checked(
                    loaded.state.clone(),
                    Event::SignUpCode { device: DEVICE },
                    Found::Match,
                    &world,
                );
                let factor = Event::SignUpFactor { device: DEVICE };
                let (state, answer) =
                    checked(state, factor, Found::Step(now.seconds() / 30 + 100), &world);
                let Answer::SignedUp { session, .. } = answer else { panic!("{answer:?}") };
                (Change { state: Some(state), ..Change::default() }, session)
            });
            let session = session.await.unwrap();
            let credential = self.provision(account, session, &seed, now).await;
            Shopper { account, credential, session, seed }
        })
    }

    /// A credential for an account, which voids the one before.
    pub(crate) async fn provision(
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
        let (keys, seed) = (Arc::clone(&self.keys), seed.clone());
        let provisioned = self.store.provision(account, RequestId(id.0), move |loaded, _| {
            let world = world(&loaded.standing, now);
            let asked = Event::Provision { session, device };
            let decided = decide(loaded.state.clone(), asked, &world);
            let Answer::Provisioned(number) = decided.answer else {
                panic!("{:?}", decided.answer)
            };
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
            (Change { state, credential: Some(credential), ..Change::default() }, ())
        });
        provisioned.await.unwrap();
        id
    }

    /// Does something to somebody's account.
    pub(crate) fn does(
        &self,
        shopper: &Shopper,
        event: impl Fn() -> Event + Send + Sync + 'static,
    ) {
        let now = self.town.now();
        let done = self.store.change(shopper.account, move |loaded| {
            let decided = decide(loaded.state.clone(), event(), &world(&loaded.standing, now));
            (Change { state: Some(decided.account), ..Change::default() }, ())
        });
        self.threads.block_on(done).unwrap();
    }

    /// The nth code of this half minute, for any till or for one.
    pub(crate) fn code(&self, shopper: &Shopper, nth: u8, till: Option<&Till>) -> String {
        self.code_of(shopper, &scheme(), nth, till)
    }

    /// The same under another prefix.
    pub(crate) fn code_of(
        &self,
        shopper: &Shopper,
        scheme: &Scheme,
        nth: u8,
        till: Option<&Till>,
    ) -> String {
        let audience = till.map_or(Audience::AnyTill, |till| Audience::OneTill(till.id.clone()));
        let step = Step::at(self.town.now());
        let turn = Turn { step, nth: Nth::new(nth).unwrap(), audience };
        CodeKeys::new(&shopper.seed).derive(scheme, &turn).digits().to_string()
    }

    /// The first code of the next half minute.
    pub(crate) fn next_code(&self, shopper: &Shopper) -> String {
        self.town.passes(30);
        self.code(shopper, 0, None)
    }
}

impl Till {
    pub(crate) fn headers(&self, key: &str) -> Vec<(&'static str, String)> {
        vec![
            ("Authorization", format!("Bearer {}", self.token)),
            ("Idempotency-Key", key.to_owned()),
        ]
    }

    /// Asks for a payment; `what` is key and reference at once.
    pub(crate) fn asks(&self, desk: &Desk<'_>, what: &str, code: &str, amount: u64) -> Told {
        self.asks_as(desk, what, what, code, amount)
    }

    pub(crate) fn asks_as(
        &self,
        desk: &Desk<'_>,
        key: &str,
        reference: &str,
        code: &str,
        amount: u64,
    ) -> Told {
        let body =
            json!({ "code": code, "amount": amount, "currency": "JPY", "reference": reference });
        desk.post("/v1/authorisations", &self.headers(key), &body)
    }
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn world(standing: &Standing, now: UnixTime) -> World {
    let Standing { generation, used_up_to, .. } = *standing;
    World { now, generation, used_up_to, controls: Controls::ALL }
}

/// Asks for something that leads to a comparison, and tells its outcome.
fn checked(state: Account, event: Event, found: Found, world: &World) -> (Account, Answer) {
    let asked = decide(state, event, world);
    let Answer::Check(check) = asked.answer else { panic!("{:?}", asked.answer) };
    let told = decide(asked.account, Event::Checked { check, found }, world);
    (told.account, told.answer)
}
