//! What a test lies in: an empty store and its keys.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tegata::{SystemRandom, UnixTime};
use tegata_issuer::config::ServerKey;
use tegata_issuer::crypto::Keys;
use tegata_issuer::domain::StoreUrl as Place;
use tegata_issuer::store::Store;
use tegata_testkit::postgres::cluster;
use tempfile::TempDir;

pub(crate) struct Bed {
    pub(crate) place: Place,
    pub(crate) folder: TempDir,
    pub(crate) random: SystemRandom,
}

/// A moment for tests.
pub(crate) fn noon() -> UnixTime {
    UnixTime::new(1_800_000_000).unwrap()
}

/// 32 bytes, all the same.
pub(crate) fn server_key(byte: u8) -> ServerKey {
    serde_json::from_value(hex::encode([byte; 32]).into()).unwrap()
}

impl Bed {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::Sqlite(folder.path().join("issuer.sqlite"));
        Self { place, folder, random: SystemRandom::new() }
    }

    pub(crate) async fn postgres() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = new_database().await;
        Self { place, folder, random: SystemRandom::new() }
    }

    /// Where another store of the same sort can be.
    pub(crate) async fn elsewhere(&self) -> Place {
        match &self.place {
            Place::Sqlite(_) => Place::Sqlite(self.folder.path().join("other.sqlite")),
            Place::Postgres(_) => new_database().await,
        }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// As another process would.
    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.place).await.unwrap()
    }

    pub(crate) async fn keys(&self, store: &Store) -> Keys {
        Keys::open(store, &server_key(7), &self.random).await.unwrap()
    }

    /// What somebody with the database's password does, past the store.
    pub(crate) async fn sql(&self, sql: &str) {
        match &self.place {
            Place::Sqlite(file) => {
                rusqlite::Connection::open(file).unwrap().execute_batch(sql).unwrap();
            }
            Place::Postgres(url) => connect(url).await.batch_execute(sql).await.unwrap(),
        }
    }

    /// Bytes, as the database's words have them.
    pub(crate) fn blob(&self, bytes: &[u8]) -> String {
        match self.place {
            Place::Sqlite(_) => format!("x'{}'", hex::encode(bytes)),
            Place::Postgres(_) => format!("'\\x{}'::bytea", hex::encode(bytes)),
        }
    }

    /// A number that a query gives.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        match &self.place {
            Place::Sqlite(file) => {
                let connection = rusqlite::Connection::open(file).unwrap();
                connection.query_row(sql, [], |row| row.get(0)).unwrap()
            }
            Place::Postgres(url) => connect(url).await.query_one(sql, &[]).await.unwrap().get(0),
        }
    }
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn new_database() -> Place {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", MADE.fetch_add(1, Ordering::Relaxed));
    let host = &tokio::task::spawn_blocking(cluster).await.unwrap().host;
    let client = connect(&format!("postgres://postgres@{host}/postgres")).await;
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    Place::parse(&format!("postgres://postgres@{host}/{name}?sslmode=disable")).unwrap()
}
