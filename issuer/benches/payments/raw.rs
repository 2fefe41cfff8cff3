//! What the database alone does: the conditional update of one row that every payment has, and nothing else.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tegata_issuer::domain::StoreUrl as Place;
use tokio_postgres::{Client, NoTls};

const ROWS: u64 = 10_000;
const BATCH: u64 = 64;
const SPAN: Duration = Duration::from_secs(2);
const CLIENTS: u64 = 16;

const TAKE: &str = "UPDATE raw SET counter = $1 WHERE credential = $2 AND counter < $1";

/// A line for each way to do it.
pub(super) async fn measure(place: &Place, folder: &Path) -> Vec<String> {
    let say = |what: &str, done: u64, took: Duration| {
        format!("raw, {what}: {:>7}/s", u128::from(done) * 1000 / took.as_millis())
    };
    match place {
        Place::Sqlite(_) => [1, BATCH]
            .map(|batch| {
                let (done, took) = sqlite(&folder.join(format!("raw-{batch}.sqlite")), batch);
                say(&format!("{batch} in each commit"), done, took)
            })
            .into(),
        Place::Postgres(url) => {
            let client = connect(url).await;
            let make = format!(
                "CREATE TABLE raw (credential BYTEA PRIMARY KEY, counter BIGINT NOT NULL); \
                 INSERT INTO raw SELECT decode(lpad(to_hex(n), 32, '0'), 'hex'), 0 \
                 FROM generate_series(0, {}) AS n",
                ROWS - 1
            );
            client.batch_execute(&make).await.unwrap();
            let (one, took_one) = singles(url).await;
            let (many, took_many) = batches(url).await;
            vec![
                say(&format!("one by one, {CLIENTS} connections"), one, took_one),
                say(&format!("{BATCH} in each statement (unnest), 2 connections"), many, took_many),
            ]
        }
    }
}

fn id(n: u64) -> [u8; 16] {
    u128::from(n % ROWS).to_be_bytes()
}

fn sqlite(file: &Path, batch: u64) -> (u64, Duration) {
    let mut connection = rusqlite::Connection::open(file).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA secure_delete = on; \
             CREATE TABLE raw (credential BLOB PRIMARY KEY, counter INTEGER NOT NULL) WITHOUT ROWID",
        )
        .unwrap();
    let all = connection.transaction().unwrap();
    for n in 0..ROWS {
        all.prepare_cached("INSERT INTO raw VALUES ($1, 0)").unwrap().execute([id(n)]).unwrap();
    }
    all.commit().unwrap();
    let mut done = 0;
    let began = Instant::now();
    while began.elapsed() < SPAN {
        let all = connection.transaction().unwrap();
        for _ in 0..batch {
            let values = (i64::try_from(done / ROWS).unwrap() + 1, id(done * 7919));
            assert_eq!(all.prepare_cached(TAKE).unwrap().execute(values).unwrap(), 1);
            done += 1;
        }
        all.commit().unwrap();
    }
    (done, began.elapsed())
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn singles(url: &str) -> (u64, Duration) {
    let next = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let clients = (0..CLIENTS).map(|_| {
        let url = url.to_owned();
        let next = Arc::clone(&next);
        tokio::spawn(async move {
            let client = connect(&url).await;
            let take = client.prepare(TAKE).await.unwrap();
            while began.elapsed() < SPAN {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let counter = i64::try_from(n / ROWS).unwrap() + 1;
                let id = id(n * 7919);
                client.execute(&take, &[&counter, &&id[..]]).await.unwrap();
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    (next.load(Ordering::Relaxed), began.elapsed())
}

async fn batches(url: &str) -> (u64, Duration) {
    const TAKE: &str = "UPDATE raw SET counter = new.counter \
        FROM unnest($1::BYTEA[], $2::BIGINT[]) AS new (credential, counter) \
        WHERE raw.credential = new.credential AND raw.counter < new.counter";
    let began = Instant::now();
    let clients = (0..2_u64).map(|half| {
        let url = url.to_owned();
        tokio::spawn(async move {
            let client = connect(&url).await;
            let take = client.prepare(TAKE).await.unwrap();
            let mut done = 0;
            while began.elapsed() < SPAN {
                // Each has rows of its own, so that neither waits for the other.
                let numbers = (done..done + BATCH).map(|n| n * 2 + half);
                let ids: Vec<Vec<u8>> = numbers.map(|n| id(n).to_vec()).collect();
                let counter = i64::try_from(1000 + done).unwrap();
                let counters = vec![counter; ids.len()];
                client.execute(&take, &[&ids, &counters]).await.unwrap();
                done += BATCH;
            }
            done
        })
    });
    let mut done = 0;
    for client in clients.collect::<Vec<_>>() {
        done += client.await.unwrap();
    }
    (done, began.elapsed())
}
