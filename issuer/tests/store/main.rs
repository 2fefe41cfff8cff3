//! One suite, run on both stores: SQLite in a file, PostgreSQL in a cluster of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod accounts;
mod answers;
mod audit;
mod backup;
mod bed;
mod canary;
mod charging;
mod credentials;
mod events;
mod keys;
mod killed;
mod outbox;
mod schema;
mod shopper;
mod standing;
mod sweep;
mod together;

/// Runs each of these, which take a bed, on each of the two.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::bed::Bed::sqlite()).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::bed::Bed::postgres().await).await;
            })*
        }
    };
}
pub(crate) use on_both;
