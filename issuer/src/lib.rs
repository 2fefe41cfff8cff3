//! The issuer as a service, over HTTP: [`serve`] starts it.
//!
//! What is here does not know what an account is. It is what routes are put into: bodies that are read once and strictly
//! ([`http::body`]), answers to what goes wrong ([`http::problem`]), who is asking ([`http::client_address`]) and how often ([`http::rate_limits`]),
//! passwords ([`passwords`]), the settings ([`config`]) and the log ([`log`]).
//!
//! Accounts are kept in a [`store`], under [`crypto`]; what was done to them can be proved by [`audit`]. What its operator does is [`admin`]'s.
//!
//! ```
//! use tegata_issuer::{Routes, Environment, config::Config, serve};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config { listen: "127.0.0.1:0".parse()?, ..Config::default() };
//! let service = serve(config, Environment::system(), Routes::new())?;
//! println!("http://{}/openapi.json", service.address());
//! service.stop();
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod accounts;
pub mod admin;
mod app;
pub mod audit;
pub mod codes;
pub mod config;
pub mod crypto;
pub mod domain;
pub mod http;
mod jobs;
pub mod key_store;
pub mod log;
pub mod mail;
mod metrics;
pub mod passwords;
pub mod payments;
pub mod processor;
pub mod store;

pub use crate::domain::Environment;
pub use admin::server_key::ServerKeyError;
pub use app::{App, AppBuilder, StartError};
pub use config::Config;
pub use http::middleware::RequestId;
pub use http::router::{Routes, description};
pub use http::server::{RunningServer, ServeError, serve};
pub use http::state::AppState;
pub use http::tls::TlsError;
pub use metrics::Metrics;
