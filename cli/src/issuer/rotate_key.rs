//! `tegata issuer rotate-key`: replaces the server key or the sealing key.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::settings::{ReasonArgs, Settings, cannot};
use crate::failure::Failure;
use crate::output::Output;

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
    because: ReasonArgs,
    #[command(flatten)]
    settings: Settings,
}

impl RotateKey {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let reason = self.because.reason()?;
        let operator = self.settings.operator()?;
        let doing = cannot("replace the key");
        if let Some(file) = self.server_key_to {
            operator.rotate_server_key(&file, &reason).map_err(doing)?;
            let words = format!(
                "the server key is now in {0}: set server_key_file to it before the next start, \
                 and destroy the old key once no backup needs it",
                file.display()
            );
            return output.print(&words, &json!({ "server_key_file": file }));
        }
        if self.sealing {
            operator.renew_sealing_key(&reason).map_err(doing)?;
            let words = "a new sealing key was created: restart all services, then run \
                         rotate-key --seal-anew";
            return output.print(words, &json!({ "made": true }));
        }
        let (sealed, left) = operator.reencrypt(&reason).map_err(doing)?;
        let words = match left.as_slice() {
            [] => format!("{sealed} secrets were re-encrypted, and the older keys were deleted"),
            _ => format!(
                "{sealed} secrets were re-encrypted; waiting mails still use an older key: run \
                 this again once they are sent"
            ),
        };
        output.print(&words, &json!({ "sealed": sealed, "keys_left": left }))
    }
}
