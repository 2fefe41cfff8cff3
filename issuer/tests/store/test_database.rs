//! The database of a test: an empty store and its keys.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tegata::{SystemRandom, UnixTime};
use tegata_issuer::config::ServerKey;
use tegata_issuer::crypto::Keys;
use tegata_issuer::domain::StoreUrl;
use tegata_issuer::store::Store;
use tegata_testkit::postgres::cluster;
use tempfile::TempDir;

pub(crate) struct TestDatabase {
    pub(crate) place: StoreUrl,
    pub(crate) folder: TempDir,
    pub(crate) random: SystemRandom,
}

/// The moment at which tests begin.
pub(crate) fn noon() -> UnixTime {
    UnixTime::new(1_800_000_000).unwrap()
}

/// Makes a server key of 32 equal bytes.
pub(crate) fn server_key(byte: u8) -> ServerKey {
    serde_json::from_value(hex::encode([byte; 32]).into()).unwrap()
}

impl TestDatabase {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = StoreUrl::Sqlite(folder.path().join("issuer.sqlite"));
        Self { place, folder, random: SystemRandom::new() }
    }

    pub(crate) async fn postgres() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = new_database().await;
        Self { place, folder, random: SystemRandom::new() }
    }

    /// Gives the address of another, empty database of the same kind.
    pub(crate) async fn elsewhere(&self) -> StoreUrl {
        match &self.place {
            StoreUrl::Sqlite(_) => StoreUrl::Sqlite(self.folder.path().join("other.sqlite")),
            StoreUrl::Postgres(_) => new_database().await,
        }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Opens the store, as another process would.
    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.place).await.unwrap()
    }

    pub(crate) async fn keys(&self, store: &Store) -> Keys {
        Keys::open(store, &server_key(7), &self.random).await.unwrap()
    }

    /// Runs SQL past the store, as one with the database's password can.
    pub(crate) async fn sql(&self, sql: &str) {
        match &self.place {
            StoreUrl::Sqlite(file) => {
                rusqlite::Connection::open(file).unwrap().execute_batch(sql).unwrap();
            }
            StoreUrl::Postgres(url) => connect(url).await.batch_execute(sql).await.unwrap(),
        }
    }

    /// Writes bytes as a literal of SQL.
    pub(crate) fn blob(&self, bytes: &[u8]) -> String {
        match self.place {
            StoreUrl::Sqlite(_) => format!("x'{}'", hex::encode(bytes)),
            StoreUrl::Postgres(_) => format!("'\\x{}'::bytea", hex::encode(bytes)),
        }
    }

    /// Runs a query that gives a number.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        match &self.place {
            StoreUrl::Sqlite(file) => {
                let connection = rusqlite::Connection::open(file).unwrap();
                connection.query_row(sql, [], |row| row.get(0)).unwrap()
            }
            StoreUrl::Postgres(url) => connect(url).await.query_one(sql, &[]).await.unwrap().get(0),
        }
    }
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn new_database() -> StoreUrl {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", MADE.fetch_add(1, Ordering::Relaxed));
    let host = &tokio::task::spawn_blocking(cluster).await.unwrap().host;
    let client = connect(&format!("postgres://postgres@{host}/postgres")).await;
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    StoreUrl::parse(&format!("postgres://postgres@{host}/{name}?sslmode=disable")).unwrap()
}
