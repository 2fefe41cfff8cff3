//! `tegata issuer till manager`: whose code voids at a till ask for.

use clap::{Args, Subcommand};
use serde_json::json;
use tegata::code::TillId;
use tegata_issuer::admin::ManagerName;

use super::settings::{ReasonArgs, Settings, cannot};
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum Managers {
    /// Add a manager and print their code; one of the same name gets another code. From then on voids at the till ask for
    /// a manager's code.
    #[command(
        after_help = "Example: tegata issuer till manager add till-1 Hanako --why \"the new manager\""
    )]
    Add(Manager),
    /// List the managers of a till.
    #[command(after_help = "Example: tegata issuer till manager list till-1")]
    List(List),
    /// Remove a manager, whose code is worth nothing from then on.
    #[command(
        after_help = "Example: tegata issuer till manager remove till-1 Hanako --why \"she has left\""
    )]
    Remove(Manager),
}

#[derive(Debug, Args)]
pub(crate) struct Manager {
    /// The id of the till, as `tegata issuer till list` shows it.
    till: TillId,
    /// The manager's name, as the log and the report show it.
    #[arg(value_parser = |text: &str| ManagerName::new(text))]
    name: ManagerName,
    #[command(flatten)]
    because: ReasonArgs,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// The id of the till, as `tegata issuer till list` shows it.
    till: TillId,
    #[command(flatten)]
    settings: Settings,
}

impl Managers {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Add(Manager { till, name, because, settings }) => {
                let operator = settings.operator()?;
                let reason = because.reason()?;
                let code = operator
                    .add_manager(till.clone(), name.clone(), &reason)
                    .map_err(cannot("add the manager"))?;
                let words = format!("{}\nis the code of {name} at {till}", code.expose());
                let document = json!({
                    "till": till.as_str(), "manager": name.as_str(), "code": code.expose(),
                });
                output.print(&words, &document)
            }
            Self::List(List { till, settings }) => {
                let managers = settings.operator()?.managers(&till).map_err(cannot("list them"))?;
                let names: Vec<_> = managers.iter().map(ManagerName::as_str).collect();
                let words =
                    if names.is_empty() { "no managers".to_owned() } else { names.join("\n") };
                output.print(&words, &json!({ "till": till.as_str(), "managers": names }))
            }
            Self::Remove(Manager { till, name, because, settings }) => {
                let operator = settings.operator()?;
                let reason = because.reason()?;
                operator
                    .remove_manager(till.clone(), name.clone(), &reason)
                    .map_err(cannot("remove the manager"))?;
                let words = format!("{name} is no manager of {till} any more");
                let document = json!({
                    "till": till.as_str(), "manager": name.as_str(), "removed": true,
                });
                output.print(&words, &document)
            }
        }
    }
}
