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
    /// The backup's file.
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
            "restored: all sessions, resets and payment credentials are void, and values of the second \
             factor up to {} (Unix time) are refused",
            until.seconds()
        );
        let checkpoints = restored.checkpoints;
        if let Some(file) = &checkpoints {
            words = format!("{words}\nthe checkpoints of the log before it: {}", file.display());
        }
        output.answer(&words, &json!({ "refused_up_to": until, "checkpoints": checkpoints }))
    }
}

#[derive(Debug, Args)]
#[group(id = "which", required = true, multiple = false, args = ["server_key_to", "sealing", "seal_anew"])]
pub(crate) struct RotateKey {
    /// Wrap the issuer's keys under the server key in this file, which is made if there is none. The service needs it
    /// from its next start on, and then not the old one.
    #[arg(long, value_name = "FILE")]
    server_key_to: Option<PathBuf>,
    /// Make another key to seal secrets with, which services use from their next start on: start all of them anew.
    #[arg(long)]
    sealing: bool,
    /// After that: seal all secrets anew under it and drop the older keys.
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
                "the server key is now the one in {0}: set server_key_file to it before the next start, and destroy \
                 the old one when no backup needs it",
                file.display()
            );
            return output.answer(&words, &json!({ "server_key_file": file }));
        }
        if self.sealing {
            operator.renew_sealing_key(&reason).map_err(doing)?;
            let words = "there is another sealing key: start all services anew, then run rotate-key --seal-anew";
            return output.answer(words, &json!({ "made": true }));
        }
        let (sealed, left) = operator.seal_anew(&reason).map_err(doing)?;
        let words = match left.as_slice() {
            [] => format!("{sealed} secrets were sealed anew, and the older keys are gone"),
            _ => format!(
                "{sealed} secrets were sealed anew; mails that wait are still under an older key: run this again \
                 when they are gone"
            ),
        };
        output.answer(&words, &json!({ "sealed": sealed, "keys_left": left }))
    }
}
