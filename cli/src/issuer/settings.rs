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
    /// The operator's name. Default: the user who is logged in, behind sudo as well.
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
            .or_else(|| logged_in(|name| std::env::var(name).ok()))
            .ok_or_else(|| Failure::Usage("give --by NAME: USER is not set".into()))?;
        Reason::new(&by, &self.why)
            .map_err(|error| Failure::Usage(format!("--why and --by: {error}")))
    }
}

/// Names who is logged in, by the environment. Behind sudo, `USER` is the service's user, whoever runs the command.
fn logged_in(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    ["SUDO_USER", "USER"].into_iter().find_map(variable)
}

/// Wraps an operator's error with what could not be done.
pub(super) fn cannot(doing: &str) -> impl Fn(OperatorError) -> Failure {
    move |error| Failure::cannot(doing)(&error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_sudo_it_is_who_ran_it() {
        let variables = |set: &'static [(&str, &str)]| {
            logged_in(|name| {
                set.iter().find(|(its, _)| *its == name).map(|(_, value)| (*value).into())
            })
        };
        let sudo = variables(&[("USER", "tegata"), ("SUDO_USER", "ann")]);
        assert_eq!(sudo.as_deref(), Some("ann"));
        assert_eq!(variables(&[("USER", "ann")]).as_deref(), Some("ann"));
        assert_eq!(variables(&[]), None);
    }
}
