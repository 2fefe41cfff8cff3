//! The issuer as a service, over HTTP: [`serve`] starts it.
//!
//! What is here does not know what an account is. It is what routes are put into: bodies that are read once and strictly
//! ([`strict`]), answers to what goes wrong ([`problem`]), who is asking ([`network`]) and how often ([`limits`]),
//! passwords ([`passwords`]), the settings ([`config`]) and the log ([`log`]).
//!
//! Accounts are kept in a [`store`], under [`keys`]; what was done to them can be proved by [`audit`]. What its operator does is [`operator`]'s.
//!
//! ```
//! use tegata_issuer::{Routes, World, config::Config, serve};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config { listen: "127.0.0.1:0".parse()?, ..Config::default() };
//! let service = serve(config, World::system(), Routes::new())?;
//! println!("http://{}/openapi.json", service.address());
//! service.stop();
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod accounts;
pub mod audit;
pub mod codes;
pub mod config;
mod describe;
mod frame;
mod hash;
mod issuer;
mod jobs;
pub mod keys;
pub mod limits;
pub mod log;
pub mod mail;
mod metrics;
pub mod network;
mod openapi;
pub mod operator;
pub mod passwords;
pub mod payments;
mod places;
pub mod problem;
pub mod processor;
pub mod report;
mod routes;
mod server;
mod server_key;
mod start;
pub mod store;
pub mod strict;
mod till;
mod tls;
mod work;

pub use frame::RequestId;
pub use issuer::{Issuer, World};
pub use metrics::Metrics;
pub use routes::{Routes, description};
pub use server::{Handle, StartError, serve};
pub use server_key::NoServerKey;
pub use start::{Post, start, start_as_set, start_charging};
pub use tls::TlsError;
