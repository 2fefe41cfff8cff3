//! How many authorisations there are in a second, over HTTP on loopback, and how long one takes. Clients, service and
//! database share this machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tegata::code::{
    AliasKey, AliasPeriod, Audience, CodeKeys, CredentialId, Nth, Scheme, Seed, ShopName, Step,
    Turn,
};
use tegata::{SystemRandom, UnixTime};
use tegata_issuer::config::{Config, Store as Place};
use tegata_issuer::keys::Keys;
use tegata_issuer::operator::{Operator, Reason};
use tegata_issuer::payments::Outcome;
use tegata_issuer::store::{AccountId, Store};
use tegata_issuer::{World, keys::SealedSeed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

use crate::people::Town;

/// How long each is measured.
const SPAN: Duration = Duration::from_secs(8);
/// Tills that ask at the same time.
const TILLS: usize = 128;
/// Shoppers, each with the fifteen codes of three steps.
const SHOPPERS: usize = 16_000;

pub(crate) fn print(towns: &[(&str, Town)]) {
    let kinds =
        [("the processor not asked", Outcome::Pending), ("the processor at once", Outcome::Done)];
    for (name, town) in towns {
        println!("{name}, {SHOPPERS} shoppers, {TILLS} tills, each on a connection of its own");
        let desk = Desk::new(town);
        let mut reached = 0.0;
        for (what, says) in kinds {
            *town.processor.lock().unwrap() = says;
            reached = say(what, &desk.run(None));
        }
        say("the same at half of that", &desk.run(Some(reached / 2.0)));
    }
}

struct Desk<'a> {
    town: &'a Town,
    threads: Runtime,
    seeds: Vec<Seed>,
    tokens: Vec<String>,
    /// How many codes were sent by now: none is sent twice.
    sent: Arc<AtomicUsize>,
}

fn scheme() -> Scheme {
    Scheme { prefix: "4960".parse().unwrap(), alias_period: AliasPeriod::DAY }
}

/// Rows of a credential that was provisioned long ago.
struct Rows {
    account: AccountId,
    credential: CredentialId,
    seed: SealedSeed,
    aliases: Vec<(i64, i64)>,
}

impl<'a> Desk<'a> {
    fn new(town: &'a Town) -> Self {
        let threads = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let config: Config = toml::from_str(&town.settings).unwrap();
        let (now, random) = (town.now(), SystemRandom::new());
        let (mut seeds, mut rows) = (Vec::new(), Vec::new());
        threads.block_on(async {
            let store = Store::open(&config.store).await.unwrap();
            store.add_scheme(scheme()).await.unwrap();
            let key = config.server_key.as_ref().unwrap();
            let keys = Keys::open(&store, key, &random).await.unwrap();
            for _ in 0..SHOPPERS {
                let seed = Seed::make(&random).unwrap();
                rows.push(rows_of(&seed, &keys, now));
                seeds.push(seed);
            }
            write(&config.store, &rows).await;
        });
        town.restart();
        let tokens = tokens(town, &config);
        Self { town, threads, seeds, tokens, sent: Arc::default() }
    }

    /// The nth code of all: every shopper's first, then every shopper's second.
    fn code(seeds: &[Seed], now: UnixTime, n: usize) -> String {
        let (shopper, turn) = (n % seeds.len(), n / seeds.len());
        let step = Step::at(now.shifted(i64::try_from(turn / 5).unwrap() * 30 - 30));
        let nth = Nth::new(u8::try_from(turn % 5).unwrap()).unwrap();
        let turn = Turn { step, nth, audience: Audience::AnyTill };
        CodeKeys::new(&seeds[shopper]).derive(&scheme(), &turn).digits().to_string()
    }

    /// As fast as they can, or so many in a second.
    fn run(&self, rate: Option<f64>) -> Measured {
        let first = self.sent.load(Ordering::SeqCst);
        // Made before: a phone does that.
        let most = rate.map_or(12_000.0, |rate| rate) * SPAN.as_secs_f64();
        let last = (first + most as usize).min(SHOPPERS * 15);
        let now = self.town.now();
        let codes: Arc<Vec<String>> =
            Arc::new((first..last).map(|n| Self::code(&self.seeds, now, n)).collect());
        let (next, began) = (Arc::new(AtomicUsize::new(0)), Instant::now());
        let measured = self.threads.block_on(async {
            let tills: Vec<_> = (0..TILLS)
                .map(|n| {
                    let till = Till {
                        address: self.town.address(),
                        token: self.tokens[n].clone(),
                        codes: Arc::clone(&codes),
                        next: Arc::clone(&next),
                        first,
                        pace: rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
                        began,
                    };
                    tokio::spawn(till.work())
                })
                .collect();
            let mut times = Vec::new();
            for till in tills {
                times.extend(till.await.unwrap());
            }
            times
        });
        let per_second =
            f64::from(u32::try_from(measured.len()).unwrap()) / began.elapsed().as_secs_f64();
        self.sent.store(last, Ordering::SeqCst);
        let mut sorted = measured;
        sorted.sort();
        Measured { sorted, per_second }
    }
}

struct Till {
    address: std::net::SocketAddr,
    token: String,
    codes: Arc<Vec<String>>,
    next: Arc<AtomicUsize>,
    first: usize,
    pace: Option<Duration>,
    began: Instant,
}

impl Till {
    async fn work(self) -> Vec<Duration> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut times, mut answer) = (Vec::new(), vec![0; 4096]);
        while self.began.elapsed() < SPAN {
            let n = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(code) = self.codes.get(n) else { break };
            let mut since = Instant::now();
            if let Some(pace) = self.pace {
                // Timed from when it was due: who waits behind others waits.
                since = self.began + pace * u32::try_from(n).unwrap();
                tokio::time::sleep_until(since.into()).await;
            }
            let what = self.first + n;
            let body = format!(
                "{{\"code\":\"{code}\",\"amount\":100,\"currency\":\"JPY\",\"reference\":\"{what}\"}}"
            );
            let request = format!(
                "POST /v1/authorisations HTTP/1.1\r\nHost: issuer\r\nContent-Type: application/json\r\n\
                 Authorization: Bearer {}\r\nIdempotency-Key: {what}\r\nContent-Length: {}\r\n\r\n{body}",
                self.token,
                body.len()
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut got = 0;
            loop {
                got += stream.read(&mut answer[got..]).await.unwrap();
                if answer[..got].ends_with(b"}") {
                    break;
                }
            }
            let text = std::str::from_utf8(&answer[..got]).unwrap();
            let taken = text.contains("\"approved\"") || text.contains("\"pending\"");
            assert!(taken, "{text}");
            times.push(since.elapsed());
        }
        times
    }
}

fn tokens(town: &Town, config: &Config) -> Vec<String> {
    let operator = Operator::open(
        config.clone(),
        World { clock: Arc::new(At(town.now())), ..World::system() },
    );
    let (operator, reason) = (operator.unwrap(), Reason::new("ann", "a bench").unwrap());
    let token = |n: usize| {
        let (id, shop) = (format!("till-{n}").parse().unwrap(), ShopName::new("Ginza").unwrap());
        let code = operator.add_till(id, shop, &reason).unwrap();
        let body = serde_json::json!({ "code": code.text().expose() }).to_string();
        let answer = town.post("/v1/tills", &[], body.as_bytes());
        let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        answer["token"].as_str().unwrap().to_owned()
    };
    (0..TILLS).map(token).collect()
}

struct At(UnixTime);

impl tegata::Clock for At {
    fn now(&self) -> UnixTime {
        self.0
    }
}

fn rows_of(seed: &Seed, keys: &Keys, now: UnixTime) -> Rows {
    let random = SystemRandom::new();
    let account = AccountId::make(now, &random).unwrap();
    let credential = CredentialId(AccountId::make(now, &random).unwrap().0);
    let sealed = keys.seal_seed(account, credential, seed, &random).unwrap();
    let (scheme, key) = (scheme(), AliasKey::new(seed));
    let today = scheme.alias_period.index(Step::at(now));
    let alias = |period: u64| {
        let step = Step::at(UnixTime::new(period * 86_400).unwrap());
        let alias = key.derive(&scheme.prefix, scheme.alias_period, step).value();
        (i64::try_from(period).unwrap(), i64::try_from(alias).unwrap())
    };
    Rows {
        account,
        credential,
        seed: sealed,
        aliases: (today - 1..=today + 1).map(alias).collect(),
    }
}

const CREDENTIAL: &str = "INSERT INTO credentials (credential, account, number, prefix, period, key, seed, alias_key, \
    request, request_hash, made, counter) VALUES ($1, $2, 1, '4960', 86400, $3, $4, $5, $1, $1, 0, -1)";
const ALIAS: &str =
    "INSERT INTO aliases (prefix, period, alias, credential) VALUES ('4960', $1, $2, $3)";
const PAYER: &str =
    "INSERT INTO payers (account, number, generation, low_until) VALUES ($1, 1, 0, 0)";

async fn write(place: &Place, rows: &[Rows]) {
    match place {
        Place::Sqlite(file) => {
            let mut connection = rusqlite::Connection::open(file).unwrap();
            let all = connection.transaction().unwrap();
            for Rows { account, credential, seed, aliases } in rows {
                let (key, sealed, alias_key) = seed.columns();
                let values = (credential.0, account.0, key, sealed, alias_key);
                all.prepare_cached(CREDENTIAL).unwrap().execute(values).unwrap();
                for (period, alias) in aliases {
                    let values = (period, alias, credential.0);
                    all.prepare_cached(ALIAS).unwrap().execute(values).unwrap();
                }
                all.prepare_cached(PAYER).unwrap().execute((account.0,)).unwrap();
            }
            all.commit().unwrap();
        }
        Place::Postgres(url) => {
            let (mut client, connection) =
                tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            let all = client.transaction().await.unwrap();
            let into = [CREDENTIAL, ALIAS, PAYER].map(|sql| all.prepare(sql));
            let [credentials, in_index, payers] = into;
            let (credentials, in_index, payers) =
                (credentials.await.unwrap(), in_index.await.unwrap(), payers.await.unwrap());
            for Rows { account, credential, seed, aliases } in rows {
                let (key, sealed, alias_key) = seed.columns();
                let (id, account) = (&credential.0[..], &account.0[..]);
                let values: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
                    [&id, &account, &i64::from(key), &sealed, &alias_key];
                all.execute(&credentials, &values).await.unwrap();
                for (period, alias) in aliases {
                    all.execute(&in_index, &[period, alias, &id]).await.unwrap();
                }
                all.execute(&payers, &[&account]).await.unwrap();
            }
            all.commit().await.unwrap();
        }
    }
}

struct Measured {
    sorted: Vec<Duration>,
    per_second: f64,
}

fn say(what: &str, Measured { sorted, per_second }: &Measured) -> f64 {
    let at = |of_1000: usize| sorted[(sorted.len() - 1) * of_1000 / 1000].as_secs_f64() * 1e3;
    let (p50, p99, p999) = (at(500), at(990), at(999));
    println!(
        "  {what:<26} {per_second:>8.0}/s   p50 {p50:>7.2} ms   p99 {p99:>7.2} ms   p99.9 {p999:>7.2} ms"
    );
    *per_second
}
