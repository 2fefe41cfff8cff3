//! The tests of the store, run on both databases: SQLite in a file, PostgreSQL in a cluster of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod accounts;
mod audit;
mod backup;
mod batch;
mod canary;
mod charging;
mod credentials;
mod events;
mod global_state;
mod idempotency;
mod keys;
mod kill;
mod outbox;
mod pooling;
mod reconciliation;
mod scans;
mod schema;
mod shopper;
mod signed_requests;
mod test_database;

/// Runs each of these functions, which take a database, on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::test_database::TestDatabase::sqlite()).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::test_database::TestDatabase::postgres().await).await;
            })*
        }
    };
}
pub(crate) use on_both;
