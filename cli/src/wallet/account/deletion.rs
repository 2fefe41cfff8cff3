//! `tegata wallet close` and `keep`: schedules the account's deletion in seven days, and cancels it.

use clap::Args;
use serde_json::json;
use tegata::protocol::{CancelDeletion, GetAccount, RequestDeletion};

use super::account_args::AccountArgs;
use super::history::local_time;
use super::log_in::LogInArgs;
use super::requests::execute_in_session;
use crate::failure::Failure;
use crate::output::Output;
use crate::wallet::files::WalletFiles;

#[derive(Debug, Args)]
pub(crate) struct Close {
    #[command(flatten)]
    account: AccountArgs,
    /// Confirm the deletion.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    log_in: LogInArgs,
}

impl Close {
    pub(in crate::wallet) fn run(
        &self,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        if !self.yes {
            let text = "this deletes the account at the issuer in seven days: confirm with --yes";
            return Err(Failure::Usage(text.to_owned()));
        }
        let (mut wallet, profile) = self.account.open(files)?;
        self.log_in.execute_after_log_in(&mut wallet, &profile, &RequestDeletion {})?;
        let closing = execute_in_session(&mut wallet, &GetAccount {})?.closing;
        let address = profile.handle.address();
        let when = closing.map_or_else(String::new, |due| format!(" at {}", local_time(due)));
        output.print(
            &format!(
                "{address}: will be deleted{when}; until then, cancel with tegata wallet keep"
            ),
            &json!({ "account": address, "issuer": profile.issuer.as_str(), "closing": closing }),
        )
    }
}

#[derive(Debug, Args)]
pub(crate) struct Keep {}

impl Keep {
    pub(in crate::wallet) fn run(files: &WalletFiles, output: &Output) -> Result<(), Failure> {
        let (mut wallet, profile) = AccountArgs::of_wallet().open(files)?;
        execute_in_session(&mut wallet, &CancelDeletion {})?;
        let address = profile.handle.address();
        output.print(
            &format!("{address}: deletion cancelled"),
            &json!({ "account": address, "issuer": profile.issuer.as_str(), "closing": null }),
        )
    }
}
