//! `tegata wallet address`: the account goes by another address, once a code mailed there was typed.

use clap::Args;
use serde_json::json;
use tegata::protocol::Handle;
use tegata::protocol::{ChangeAddress, GetAccount};

use super::log_in::Proof;
use super::sign_up::MailLanguage;
use super::{Who, asking, carried, mailed_code};
use crate::failure::Failure;
use crate::issuer_client::IssuerClient;
use crate::output::Output;
use crate::secret::SecretSource;
use crate::wallet::files::WalletFiles;

#[derive(Debug, Args)]
pub(crate) struct Address {
    /// The new e-mail address.
    to: Handle,
    /// The language of mails from now on. Default: unchanged.
    #[arg(long)]
    language: Option<MailLanguage>,
    /// The eight digits of the code mailed to the new address: @FILE, or - for a line of standard input, read once the mail
    /// is on its way.
    #[arg(long, value_name = "@FILE")]
    code: Option<SecretSource>,
    #[command(flatten)]
    proof: Proof,
}

impl Address {
    pub(in crate::wallet) fn run(
        &self,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        let (mut wallet, at) = Who::known().open(files)?;
        let old = at.handle.address();
        let new = self.to.address();
        let language = match self.language {
            Some(language) => language.into(),
            None => self.proof.fully(&mut wallet, &at, &GetAccount {})?.language,
        };
        self.proof.fully(
            &mut wallet,
            &at,
            &ChangeAddress { address: self.to.clone(), language },
        )?;
        output.print_progress(&format!("A code is on its way to {new}."))?;
        let client = IssuerClient::new(&at.issuer)?;
        asking(&[self.code.as_ref()], || {
            let code = mailed_code(self.code.as_ref())?;
            let asked = wallet.account().confirm_address_change(self.to.clone(), code);
            carried(asked, &client, &mut wallet)
        })?;
        output.print(
            &format!(
                "{new}: the account's new address. {old} was notified and can undo this for \
                 seven days: tegata wallet freeze --take-back"
            ),
            &json!({ "account": new, "before": old, "issuer": at.issuer.as_str(), "language": language }),
        )
    }
}
