//! A card processor for development and for tests: the part of Stripe's interface that Tegata's issuer uses, over HTTP,
//! with a ledger of its own in SQLite. No money moves; everything else works as with a real processor.
//!
//! | file | content |
//! |---|---|
//! | `cards` | the test cards, and what happens when each is charged |
//! | `ledger` | the records: customers, cards, intents, refunds, and responses saved under idempotency keys |
//! | `call` | the requests, and what each does to the ledger |
//! | `intents` | intents listed, with their metadata |
//! | `methods`, `response` | customers and their cards; what is answered |
//! | `setup` | cards registered by their holders, and the form that they fill in |
//! | `fault` | faults to inject |
//! | `server` | the HTTP server |
//!
//! ```no_run
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = tegata_sandbox::Sandbox::with_ledger_file("ledger.sqlite".into(), "a key of your own");
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
mod ids;
mod intent;
mod intents;
mod ledger;
mod methods;
mod response;
mod server;
mod setup;

pub use call::Call;
pub use cards::{Behaviour, SetupBehaviour, TEST_CARDS, TestCard};
pub use fault::Fault;
pub use ledger::{ChargedIntent, LedgerError};
pub use server::Sandbox;
pub use setup::{CardForm, CardFormResult};
