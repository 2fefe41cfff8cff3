//! pgbouncer before PostgreSQL: found out at the start where it hands out its connections by transaction.

use tegata_issuer::domain::StoreUrl;
use tegata_issuer::store::{Store, StoreError};
use tegata_testkit::postgres::{Pgbouncer, PoolMode, new_postgres_database};

/// Opens a store through pgbouncer, which runs as long as it is held.
async fn open(mode: PoolMode, connections: u32) -> (Pgbouncer, Result<Store, StoreError>) {
    let database = tokio::task::spawn_blocking(new_postgres_database).await.unwrap();
    let start = move || Pgbouncer::start(&database, mode, connections);
    let pgbouncer = tokio::task::spawn_blocking(start).await.unwrap();
    let opened = Store::open(&StoreUrl::parse(&pgbouncer.url()).unwrap()).await;
    (pgbouncer, opened)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pgbouncer_in_transaction_mode_is_refused_at_the_start() {
    for connections in [1, 2, 20] {
        let (_pgbouncer, opened) = open(PoolMode::Transaction, connections).await;
        let Err(refused) = opened else { panic!("{connections} connections: it was opened") };
        assert_eq!(refused, StoreError::TransactionPooling, "{connections} connections");
    }
    assert!(StoreError::TransactionPooling.to_string().contains("pgbouncer"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pgbouncer_in_session_mode_is_taken() {
    let (_pgbouncer, opened) = open(PoolMode::Session, 20).await;
    opened.unwrap().global_state().await.unwrap();
}
