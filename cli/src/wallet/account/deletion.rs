//! `tegata wallet close` and `keep`: the account's deletion, asked for, thought over for seven days, and called off.

use clap::Args;
use serde_json::json;
use tegata::protocol::{CancelDeletion, GetAccount, RequestDeletion};

use super::history::local;
use super::log_in::Proof;
use super::{Who, in_session};
use crate::failure::Failure;
use crate::output::Output;
use crate::wallet::files::WalletFiles;

#[derive(Debug, Args)]
pub(crate) struct Close {
    #[command(flatten)]
    who: Who,
    /// Confirm the deletion.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    proof: Proof,
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
        let (mut wallet, at) = self.who.open(files)?;
        self.proof.fully(&mut wallet, &at, &RequestDeletion {})?;
        let closing = in_session(&mut wallet, &GetAccount {})?.closing;
        let address = at.handle.address();
        let when = closing.map_or_else(String::new, |due| format!(" at {}", local(due)));
        output.print(
            &format!(
                "{address}: will be deleted{when}; until then, cancel with tegata wallet keep"
            ),
            &json!({ "account": address, "issuer": at.issuer.as_str(), "closing": closing }),
        )
    }
}

#[derive(Debug, Args)]
pub(crate) struct Keep {}

impl Keep {
    pub(in crate::wallet) fn run(files: &WalletFiles, output: &Output) -> Result<(), Failure> {
        let (mut wallet, at) = Who::known().open(files)?;
        in_session(&mut wallet, &CancelDeletion {})?;
        let address = at.handle.address();
        output.print(
            &format!("{address}: deletion cancelled"),
            &json!({ "account": address, "issuer": at.issuer.as_str(), "closing": null }),
        )
    }
}
