//! Arguments that all commands of the operator take.

use std::path::PathBuf;

use clap::Args;
use tegata_issuer::admin::{Operator, OperatorError, Reason};
use tegata_issuer::{Config, Environment, Layers};

use super::process_protection;
use crate::failure::Failure;

/// The settings of the service, so that operator and service use the same store.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// The store: `sqlite:FILE` or `postgres://USER@HOST/DATABASE`.
    #[arg(long)]
    store: Option<String>,
    /// Configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Settings {
    pub(super) fn load(self) -> Result<Config, Failure> {
        let layers = self.layers(std::iter::empty());
        Config::load(&layers).map_err(|error| Failure::Usage(error.to_string()))
    }

    /// The settings as they were given, with these flags.
    pub(super) fn layers(self, flags: impl Iterator<Item = (&'static str, String)>) -> Layers {
        let store = self.store.map(|store| ("store", store));
        Layers {
            file: self.config,
            environment: std::env::vars_os().collect(),
            flags: flags.chain(store).collect(),
        }
    }

    pub(super) fn operator(self) -> Result<Operator, Failure> {
        let config = self.load()?;
        if !config.development {
            process_protection::forbid_core_dumps()?;
        }
        Operator::open(config, Environment::system())
            .map_err(|error| Failure::cannot("work on the store")(&error))
    }
}

/// The operator and the reason, for the audit log.
#[derive(Debug, Args)]
pub(crate) struct ReasonArgs {
    /// The reason, for the audit log, which cannot be changed later. Do not name a shopper.
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// The operator's name. Default: the user who is logged in.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl ReasonArgs {
    /// Those of a command that takes them for some of its acts only.
    pub(super) fn new(why: String, by: Option<String>) -> Self {
        Self { why, by }
    }

    pub(super) fn reason(&self) -> Result<Reason, Failure> {
        let by = self
            .by
            .clone()
            .or_else(|| std::env::var("USER").ok())
            .ok_or_else(|| Failure::Usage("give --by NAME: USER is not set".into()))?;
        Reason::new(&by, &self.why)
            .map_err(|error| Failure::Usage(format!("--why and --by: {error}")))
    }
}

/// Wraps an operator's error with what could not be done.
pub(super) fn cannot(doing: &str) -> impl Fn(OperatorError) -> Failure {
    move |error| Failure::cannot(doing)(&error)
}
