//! `tegata issuer backup` and `restore`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tegata_issuer::Environment;
use tegata_issuer::admin::restore;

use super::settings::{ReasonArgs, Settings, cannot};
use crate::failure::Failure;
use crate::output::{Output, date_and_time};

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The backup file.
    file: PathBuf,
    #[command(flatten)]
    because: ReasonArgs,
    #[command(flatten)]
    settings: Settings,
}

impl BackupArgs {
    pub(super) fn backup(self, output: &Output) -> Result<(), Failure> {
        let reason = self.because.reason()?;
        let operator = self.settings.operator()?;
        operator.backup(&self.file, &reason).map_err(cannot("back it up"))?;
        let words = format!("copied into {}", self.file.display());
        output.print(&words, &json!({ "file": self.file }))
    }

    pub(super) fn restore(self, output: &Output) -> Result<(), Failure> {
        let reason = self.because.reason()?;
        let config = self.settings.load()?;
        let restored = restore(&config, &Environment::system(), &self.file, &reason)
            .map_err(cannot("restore the backup"))?;
        let until = restored.refused_up_to;
        let mut words = format!(
            "restored: all sessions, resets and payment credentials are revoked, and \
             second-factor codes up to {} are rejected",
            date_and_time(until)
        );
        let checkpoints = restored.checkpoints;
        if let Some(file) = &checkpoints {
            words = format!("{words}\ncheckpoints of the previous log: {}", file.display());
        }
        output.print(&words, &json!({ "refused_up_to": until, "checkpoints": checkpoints }))
    }
}
