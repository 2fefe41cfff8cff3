//! `backup`, `restore` and `rotate-key`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tegata_issuer::admin::restore;
use tegata_issuer::domain::Environment;

use super::{Because, Settings, not};
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The backup file.
    file: PathBuf,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    settings: Settings,
}

impl Backup {
    pub(super) fn backup(self, output: &Output) -> Result<(), Failure> {
        let reason = self.because.reason()?;
        let operator = self.settings.operator()?;
        operator.backup(&self.file, &reason).map_err(not("back it up"))?;
        let words = format!("copied into {}", self.file.display());
        output.answer(&words, &json!({ "file": self.file }))
    }

    pub(super) fn restore(self, output: &Output) -> Result<(), Failure> {
        let reason = self.because.reason()?;
        let config = self.settings.load(None)?;
        let restored = restore(&config, &Environment::system(), &self.file, &reason)
            .map_err(not("restore the backup"))?;
        let until = restored.refused_up_to;
        let mut words = format!(
            "restored: all sessions, resets and payment credentials are revoked, and \
             second-factor codes up to {} (Unix time) are rejected",
            until.seconds()
        );
        let checkpoints = restored.checkpoints;
        if let Some(file) = &checkpoints {
            words = format!("{words}\ncheckpoints of the previous log: {}", file.display());
        }
        output.answer(&words, &json!({ "refused_up_to": until, "checkpoints": checkpoints }))
    }
}

#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = false, args = ["server_key_to", "sealing", "seal_anew"])]
pub(crate) struct RotateKey {
    /// Wrap the issuer's keys under the server key in this file, which is created if missing. The service needs it from
    /// its next start on, instead of the old one.
    #[arg(long, value_name = "FILE")]
    server_key_to: Option<PathBuf>,
    /// Create a new key for sealing secrets, which services use from their next start on: restart all of them.
    #[arg(long)]
    sealing: bool,
    /// After that: re-encrypt all secrets under it and delete the older keys.
    #[arg(long)]
    seal_anew: bool,
    #[command(flatten)]
    because: Because,
    #[command(flatten)]
    settings: Settings,
}

impl RotateKey {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let reason = self.because.reason()?;
        let operator = self.settings.operator()?;
        let doing = not("replace the key");
        if let Some(file) = self.server_key_to {
            operator.rotate_server_key(&file, &reason).map_err(doing)?;
            let words = format!(
                "the server key is now in {0}: set server_key_file to it before the next start, \
                 and destroy the old key once no backup needs it",
                file.display()
            );
            return output.answer(&words, &json!({ "server_key_file": file }));
        }
        if self.sealing {
            operator.renew_sealing_key(&reason).map_err(doing)?;
            let words = "a new sealing key was created: restart all services, then run \
                         rotate-key --seal-anew";
            return output.answer(words, &json!({ "made": true }));
        }
        let (sealed, left) = operator.seal_anew(&reason).map_err(doing)?;
        let words = match left.as_slice() {
            [] => format!("{sealed} secrets were re-encrypted, and the older keys were deleted"),
            _ => format!(
                "{sealed} secrets were re-encrypted; waiting mails still use an older key: run \
                 this again once they are sent"
            ),
        };
        output.answer(&words, &json!({ "sealed": sealed, "keys_left": left }))
    }
}
