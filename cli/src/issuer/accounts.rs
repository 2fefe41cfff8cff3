//! `tegata issuer revoke` and `freeze`.

use clap::Args;
use serde_json::json;
use tegata_issuer::admin::AccountRef;

use super::settings::{ReasonArgs, Settings, cannot};
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// Confirm for all accounts: every shopper has to log in and provision again.
    #[arg(long, required = true)]
    all: bool,
    #[command(flatten)]
    because: ReasonArgs,
    #[command(flatten)]
    settings: Settings,
}

impl Revoke {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let reason = self.because.reason()?;
        let global_state =
            self.settings.operator()?.revoke_all(&reason).map_err(cannot("revoke"))?;
        let words = "all sessions, resets and payment credentials are revoked";
        output
            .print(words, &json!({ "revoked": self.all, "generation": global_state.generation.0 }))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Freeze {
    /// The account's e-mail address, or its id as in the report.
    #[arg(value_name = "ACCOUNT")]
    whose: AccountRef,
    /// Unfreeze it, whoever froze it.
    #[arg(long)]
    off: bool,
    #[command(flatten)]
    because: ReasonArgs,
    #[command(flatten)]
    settings: Settings,
}

impl Freeze {
    pub(super) fn run(self, output: &Output) -> Result<(), Failure> {
        let reason = self.because.reason()?;
        let frozen = !self.off;
        let operator = self.settings.operator()?;
        let account = operator.freeze(&self.whose, frozen, &reason).map_err(cannot("freeze"))?;
        let state = if frozen { "frozen" } else { "no longer frozen" };
        let words = format!("account {account} is {state}");
        output.print(&words, &json!({ "account": account.to_string(), "frozen": frozen }))
    }
}
