//! The issuer as a service: accounts, payment credentials and payments over HTTP. [`App`] starts it, [`Config`] sets it
//! up, and [`admin`] is what its operator does.
//!
//! ```
//! use tegata_issuer::{App, Config};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let listen = "127.0.0.1:0".parse()?;
//! let config = Config { listen, development: true, ..Config::default() };
//! # let config = Config { store: tegata_issuer::StoreUrl::Sqlite(folder.path().join("issuer.sqlite")), ..config };
//! let app = App::builder(config).start()?;
//! println!("http://{}/openapi.json", app.address());
//! app.stop();
//! # Ok(())
//! # }
//! ```
//!
//! The modules are floors, and each uses those below its own: `domain` (plain values); `config`, `crypto`, `metrics`,
//! `log`; `store`; `processor`, `passwords`, `mail`, `codes`, `key_store`; `payments`, `audit`; `accounts`; `admin`,
//! `jobs`; `http`; `app`, `start_check`. Tests, benches and examples see them all by the feature `internals`, which no release has.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(feature = "internals"),
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        reason = "tests use more than the command line does"
    )
)]

#[cfg(feature = "internals")]
pub mod accounts;
#[cfg(not(feature = "internals"))]
mod accounts;
pub mod admin;
mod app;
#[cfg(feature = "internals")]
pub mod audit;
#[cfg(not(feature = "internals"))]
mod audit;
#[cfg(feature = "internals")]
pub mod codes;
#[cfg(not(feature = "internals"))]
mod codes;
#[cfg(feature = "internals")]
pub mod config;
#[cfg(not(feature = "internals"))]
mod config;
#[cfg(feature = "internals")]
pub mod crypto;
#[cfg(not(feature = "internals"))]
mod crypto;
#[cfg(feature = "internals")]
pub mod domain;
#[cfg(not(feature = "internals"))]
mod domain;
#[cfg(feature = "internals")]
pub mod http;
#[cfg(not(feature = "internals"))]
mod http;
mod jobs;
#[cfg(feature = "internals")]
pub mod key_store;
#[cfg(not(feature = "internals"))]
mod key_store;
#[cfg(feature = "internals")]
pub mod log;
#[cfg(not(feature = "internals"))]
mod log;
#[cfg(feature = "internals")]
pub mod mail;
#[cfg(not(feature = "internals"))]
mod mail;
mod metrics;
#[cfg(feature = "internals")]
pub mod passwords;
#[cfg(not(feature = "internals"))]
mod passwords;
#[cfg(feature = "internals")]
pub mod payments;
#[cfg(not(feature = "internals"))]
mod payments;
#[cfg(feature = "internals")]
pub mod processor;
#[cfg(not(feature = "internals"))]
mod processor;
mod start_check;
#[cfg(feature = "internals")]
pub mod store;
#[cfg(not(feature = "internals"))]
mod store;

pub use app::{App, AppBuilder, StartError};
pub use config::{Config, ConfigError, ConfigErrors, Layers};
pub use domain::{Environment, StoreUrl};
pub use http::server::ServeError;
pub use log::install as install_log;
pub use mail::{MailTransport, Mailbox, OutgoingEmail, SendError, SendFuture};
pub use start_check::check_start;

#[cfg(feature = "internals")]
pub use http::middleware::RequestId;
#[cfg(feature = "internals")]
pub use http::router::{Routes, description};
#[cfg(feature = "internals")]
pub use http::server::{RunningServer, serve};
#[cfg(feature = "internals")]
pub use http::state::AppState;
#[cfg(feature = "internals")]
pub use http::tls::TlsError;
#[cfg(feature = "internals")]
pub use metrics::Metrics;
