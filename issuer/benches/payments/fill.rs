//! Rows of shoppers who came long ago, written past the store: a million of them in a minute or two.

use std::ops::Range;

use base64ct::{Base64UrlUnpadded, Encoding};
use bytes::Bytes;
use futures_util::SinkExt;
use ring::digest::{SHA256, digest};
use tegata::code::{AliasKey, AliasPeriod, CredentialId, Scheme, Seed, Step};
use tegata::{SystemRandom, UnixTime};
use tegata_issuer::config::Config;
use tegata_issuer::crypto::Keys;
use tegata_issuer::domain::{AccountId, SealedSeed, StoreUrl as Place};
use tegata_issuer::store::Store;
use tokio_postgres::NoTls;

/// Tills that are enrolled.
const TILLS: usize = 4096;
/// Rows in one commit.
const PAGE: usize = 50_000;

pub(super) fn scheme() -> Scheme {
    Scheme { prefix: "4960".parse().unwrap(), alias_period: AliasPeriod::DAY }
}

/// That of the nth shopper.
pub(super) fn seed(n: usize) -> Seed {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    Seed::from_slice(&bytes).unwrap()
}

/// That of the nth till.
pub(super) fn token(n: usize) -> String {
    Base64UrlUnpadded::encode_string(&token_bytes(n))
}

fn token_bytes(n: usize) -> [u8; 32] {
    let mut bytes = [9; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    bytes
}

/// Of 2023: before all that the issuer makes, spread as random ones are.
fn id(n: usize, sort: u8) -> [u8; 16] {
    let mut id = [sort; 16];
    id[..6].copy_from_slice(&1_690_000_000_000_u64.to_be_bytes()[2..]);
    id[6..14].copy_from_slice(&n.to_be_bytes());
    id
}

struct Shopper {
    account: [u8; 16],
    credential: [u8; 16],
    seed: SealedSeed,
    /// Period and alias.
    aliases: Vec<(u64, u64)>,
}

impl Shopper {
    fn new(n: usize, keys: &Keys, now: UnixTime) -> Self {
        let account = id(n, 1);
        let credential = id(n, 2);
        let seed = seed(n);
        let sealed = keys.seal_seed(
            AccountId(account),
            CredentialId(credential),
            &seed,
            &SystemRandom::new(),
        );
        let scheme = scheme();
        let key = AliasKey::new(&seed);
        let today = scheme.alias_period.index(Step::at(now));
        let alias = |period: u64| {
            let step = Step::at(UnixTime::new(period * 86_400).unwrap());
            (period, key.derive(&scheme.prefix, scheme.alias_period, step).value())
        };
        let aliases = (today - 1..=today + 1).map(alias).collect();
        Self { account, credential, seed: sealed.unwrap(), aliases }
    }
}

/// These credentials, with their payers, aliases and cards; with the first of them the tills, too.
pub(super) async fn fill(config: &Config, numbers: Range<usize>, now: UnixTime) {
    let store = Store::open(&config.store).await.unwrap();
    store.add_scheme(scheme()).await.unwrap();
    let key = config.server_key.as_ref().unwrap();
    let keys = Keys::open(&store, key, &SystemRandom::new()).await.unwrap();
    drop(store);
    let mut target = Target::open(&config.store).await;
    if numbers.start == 0 {
        target.tills().await;
    }
    let mut from = numbers.start;
    while from < numbers.end {
        let to = numbers.end.min(from + PAGE);
        let shoppers: Vec<_> = (from..to).map(|n| Shopper::new(n, &keys, now)).collect();
        target.write(&shoppers).await;
        from = to;
    }
    target.index_is_whole(id(numbers.end - 1, 2), scheme().alias_period.index(Step::at(now))).await;
}

enum Target {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client),
}

impl Target {
    async fn open(place: &Place) -> Self {
        match place {
            Place::Sqlite(file) => {
                let connection = rusqlite::Connection::open(file).unwrap();
                connection.execute_batch("PRAGMA synchronous = off").unwrap();
                Self::Sqlite(connection)
            }
            Place::Postgres(url) => {
                let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
                tokio::spawn(connection);
                Self::Postgres(client)
            }
        }
    }

    async fn tills(&mut self) {
        let rows = (0..TILLS).map(|n| {
            // As the store hashes it.
            let hash = digest(&SHA256, &token_bytes(n)).as_ref().to_vec();
            vec![
                Cell::Text(format!("till-{n}")),
                Cell::Text("Ginza".into()),
                Cell::Int(0),
                Cell::Int(0),
                Cell::Blob(hash),
            ]
        });
        self.insert("tills (till, shop, made, code_until, token)", rows.collect()).await;
    }

    async fn write(&mut self, shoppers: &[Shopper]) {
        let blob = |id: [u8; 16]| Cell::Blob(id.to_vec());
        let rows = shoppers.iter().map(|it| {
            let (key, seed, alias_key) = it.seed.columns();
            vec![
                blob(it.credential),
                blob(it.account),
                Cell::Int(1),
                Cell::Text("4960".into()),
                Cell::Int(86_400),
                Cell::Int(key.into()),
                Cell::Blob(seed.to_vec()),
                Cell::Blob(alias_key.to_vec()),
                blob(it.credential),
                Cell::Blob(vec![0; 32]),
                Cell::Int(0),
            ]
        });
        let into = "credentials (credential, account, number, prefix, period, key, seed, alias_key, \
                    request, request_hash, made)";
        self.insert(into, rows.collect()).await;
        let payer = |it: &Shopper| vec![blob(it.account), Cell::Int(1), Cell::Int(0), Cell::Int(0)];
        let into = "payers (account, number, generation, low_until)";
        self.insert(into, shoppers.iter().map(payer).collect()).await;
        let text =
            |text: &str, it: &Shopper| Cell::Text(format!("{text}_{}", hex::encode(it.account)));
        let customer = |it: &Shopper| vec![blob(it.account), text("cus", it)];
        let into = "customers (account, customer)";
        self.insert(into, shoppers.iter().map(customer).collect()).await;
        let card = |it: &Shopper| {
            let [visa, last4] = ["visa", "4242"].map(|text| Cell::Text(text.into()));
            let made = Cell::Int(0);
            let is_default = Cell::Int(1);
            vec![
                blob(it.account),
                blob(it.credential),
                text("pm", it),
                visa,
                last4,
                made,
                is_default,
            ]
        };
        let into = "cards (account, card, method, brand, last4, made, is_default)";
        self.insert(into, shoppers.iter().map(card).collect()).await;
        let mut aliases: Vec<_> = shoppers
            .iter()
            .flat_map(|it| {
                it.aliases.iter().map(|(period, alias)| (*period, *alias, it.credential))
            })
            .collect();
        // In the order of the index.
        aliases.sort_unstable();
        let alias = |(period, alias, credential): (u64, u64, [u8; 16])| {
            let int = |n: u64| Cell::Int(n.try_into().unwrap());
            vec![Cell::Text("4960".into()), int(period), int(alias), blob(credential)]
        };
        let into = "aliases (prefix, period, alias, credential)";
        self.insert(into, aliases.into_iter().map(alias).collect()).await;
    }

    /// The job that fills the index has nothing to do.
    async fn index_is_whole(&mut self, up_to: [u8; 16], today: u64) {
        let sql = "DELETE FROM alias_fills";
        match self {
            Self::Sqlite(connection) => connection.execute_batch(sql).unwrap(),
            Self::Postgres(client) => {
                client.batch_execute(&format!("{sql}; ANALYZE")).await.unwrap();
            }
        }
        let row = |period: u64| {
            let name = Cell::Text("4960".into());
            let up_to = Cell::Blob(up_to.to_vec());
            vec![name, Cell::Int(period.try_into().unwrap()), up_to, Cell::Int(1)]
        };
        let rows = (today - 1..=today + 1).map(row).collect();
        self.insert("alias_fills (prefix, period, up_to, whole)", rows).await;
    }

    async fn insert(&mut self, into: &str, rows: Vec<Vec<Cell>>) {
        match self {
            Self::Sqlite(connection) => {
                let places: Vec<_> = (1..=rows[0].len()).map(|n| format!("${n}")).collect();
                let sql = format!("INSERT INTO {into} VALUES ({})", places.join(", "));
                let all = connection.transaction().unwrap();
                let mut statement = all.prepare(&sql).unwrap();
                for row in rows {
                    statement.execute(rusqlite::params_from_iter(row)).unwrap();
                }
                drop(statement);
                all.commit().unwrap();
            }
            Self::Postgres(client) => {
                let sink = client.copy_in(&format!("COPY {into} FROM STDIN")).await.unwrap();
                let mut sink = std::pin::pin!(sink);
                for page in rows.chunks(1000) {
                    let lines = page.iter().map(|row| {
                        let cells: Vec<_> = row.iter().map(Cell::copied).collect();
                        format!("{}\n", cells.join("\t"))
                    });
                    sink.send(Bytes::from(lines.collect::<String>())).await.unwrap();
                }
                sink.finish().await.unwrap();
            }
        }
    }
}

enum Cell {
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Cell {
    fn copied(&self) -> String {
        match self {
            Self::Int(int) => int.to_string(),
            Self::Text(text) => text.clone(),
            Self::Blob(blob) => format!("\\\\x{}", hex::encode(blob)),
        }
    }
}

impl rusqlite::ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        match self {
            Self::Int(int) => int.to_sql(),
            Self::Text(text) => text.to_sql(),
            Self::Blob(blob) => blob.to_sql(),
        }
    }
}

const TABLES: [&str; 13] = [
    "credentials",
    "aliases",
    "payers",
    "customers",
    "cards",
    "authorisations",
    "sales",
    "idempotency",
    "charges_open",
    "events",
    "events_waiting",
    "event_seals",
    "attempts",
];

/// How many bytes a row of each table takes with its indexes, as the database says.
pub(super) async fn sizes(place: &Place) -> Vec<String> {
    let mut lines = Vec::new();
    let say = |table: &str, rows: i64, bytes: i64| {
        format!("{table:<16} {rows:>9} rows {:>6} each", bytes / rows.max(1))
    };
    match place {
        Place::Sqlite(file) => {
            // A copy without holes, then one with the table dropped: what went with it was its.
            let whole = file.with_extension("whole");
            let source = rusqlite::Connection::open(file).unwrap();
            source.execute("VACUUM INTO $1", [whole.to_str().unwrap()]).unwrap();
            let copy = rusqlite::Connection::open(&whole).unwrap();
            let bytes = |copy: &rusqlite::Connection| -> i64 {
                let sql = "SELECT (a.page_count - b.freelist_count) * c.page_size \
                    FROM pragma_page_count a, pragma_freelist_count b, pragma_page_size c";
                copy.query_row(sql, [], |row| row.get(0)).unwrap()
            };
            for table in TABLES {
                let count = format!("SELECT COUNT(*) FROM {table}");
                let rows = copy.query_row(&count, [], |row| row.get(0)).unwrap();
                let before = bytes(&copy);
                copy.execute_batch(&format!("DROP TABLE {table}")).unwrap();
                lines.push(say(table, rows, before - bytes(&copy)));
            }
        }
        Place::Postgres(url) => {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
            tokio::spawn(connection);
            for table in TABLES {
                let sql =
                    format!("SELECT COUNT(*), pg_total_relation_size('{table}') FROM {table}");
                let row = client.query_one(&sql, &[]).await.unwrap();
                lines.push(say(table, row.get(0), row.get(1)));
            }
        }
    }
    lines
}
