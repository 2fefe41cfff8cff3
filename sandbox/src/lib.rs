//! A card processor for development and for tests: the part of Stripe's interface that Tegata's issuer uses, over HTTP,
//! with a ledger of its own in SQLite. No money moves; everything else is as with a real one.
//!
//! | file | idea |
//! |---|---|
//! | `cards` | the test cards, and what each does when it is charged |
//! | `ledger` | what is kept: customers, cards, intents, refunds, and the answers saved under idempotency keys |
//! | `call` | which request it is, and what it does to the ledger |
//! | `fault` | what can be made to go wrong on the way |
//! | `serve` | HTTP |
//!
//! ```no_run
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = tegata_sandbox::Sandbox::at("ledger.sqlite".into(), "a key of your own");
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! println!("http://{}", listener.local_addr()?);
//! sandbox.serve(listener).await;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod call;
mod cards;
mod fault;
mod ledger;
mod serve;

pub use call::Call;
pub use cards::{Behaviour, TEST_CARDS, TestCard};
pub use fault::Fault;
pub use ledger::{LedgerError, Paid};
pub use serve::Sandbox;
