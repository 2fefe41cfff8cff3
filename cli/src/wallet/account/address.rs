//! `tegata wallet address`: changes the account's address with a code mailed to the new one.

use clap::Args;
use serde_json::json;
use tegata::protocol::Handle;
use tegata::protocol::{ChangeAddress, GetAccount};

use super::account_args::AccountArgs;
use super::log_in::LogInArgs;
use super::prompts::{mailed_code, retry};
use super::requests::execute;
use super::sign_up::MailLanguage;
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
    log_in: LogInArgs,
}

impl Address {
    pub(in crate::wallet) fn run(
        &self,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        let (mut wallet, profile) = AccountArgs::of_wallet().open(files)?;
        let old = profile.handle.address();
        let new = self.to.address();
        let language = match self.language {
            Some(language) => language.into(),
            None => {
                self.log_in.execute_after_log_in(&mut wallet, &profile, &GetAccount {})?.language
            }
        };
        self.log_in.execute_after_log_in(
            &mut wallet,
            &profile,
            &ChangeAddress { address: self.to.clone(), language },
        )?;
        output.print_progress(&format!("A code is on its way to {new}."))?;
        let client = IssuerClient::new(&profile.issuer)?;
        retry(&[self.code.as_ref()], || {
            let code = mailed_code(self.code.as_ref())?;
            let request = wallet.account().confirm_address_change(self.to.clone(), code);
            execute(request, &client, &mut wallet)
        })?;
        output.print(
            &format!(
                "{new}: the account's new address. {old} was notified and can undo this for \
                 seven days: tegata wallet freeze --take-back"
            ),
            &json!({ "account": new, "before": old, "issuer": profile.issuer.as_str(), "language": language }),
        )
    }
}
