//! What integration tests, benches and examples share. A development dependency only: no product crate has it.
//!
//! | module | holds |
//! |---|---|
//! | [`clock`] | [`TestClock`], moved by hand |
//! | [`issuer`] | [`TestIssuer`]: a running issuer on either store, its mailbox, its metrics |
//! | [`shopper`] | [`TestShopper`]: a person with a device, an authenticator and an account |
//! | [`mail_server`] | [`TestMailServer`]: what the mailbox stands behind, slow or away |
//! | [`payments`] | [`TestPayments`]: the tills of an issuer, and payers whose codes they read |
//! | [`card`] | cards of the sandbox for those payers |
//! | [`postgres`] | [`PostgresCluster`]: a server made for this run |
//! | [`postgres_pair`] | [`PostgresPair`]: a primary with its standby, and what happens to primaries |
//! | [`patroni`] | [`PatroniCluster`]: three nodes under a cluster manager, behind a proxy |
//! | [`full_port`] | [`FullPort`]: a port that gives no answer |
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    reason = "a test that cannot go on panics"
)]

pub mod card;
pub mod clock;
mod described_problems;
pub mod full_port;
pub mod issuer;
pub mod mail_server;
pub mod patroni;
pub mod payments;
pub mod postgres;
pub mod postgres_pair;
mod processes;
pub mod shopper;

pub use clock::TestClock;
pub use full_port::FullPort;
pub use issuer::TestIssuer;
pub use mail_server::TestMailServer;
pub use patroni::{LeaderFault, PatroniCluster};
pub use payments::{TestPayer, TestPayments, TestTill};
pub use postgres::PostgresCluster;
pub use postgres_pair::{FirstHost, PostgresPair, Replication};
pub use shopper::TestShopper;
