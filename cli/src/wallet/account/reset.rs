//! `tegata wallet reset`: sets a new password with a mailed code and the second factor.

use clap::Args;
use serde_json::json;

use super::account_args::AccountArgs;
use super::factor::FactorArgs;
use super::prompts::{mailed_code, new_password, retry};
use super::requests::execute;
use crate::failure::Failure;
use crate::issuer_client::IssuerClient;
use crate::output::Output;
use crate::secret::SecretSource;
use crate::wallet::files::WalletFiles;

#[derive(Debug, Args)]
pub(crate) struct Reset {
    #[command(flatten)]
    account: AccountArgs,
    /// The eight digits of the mailed code: @FILE, or - for a line of standard input, read once the mail is on its way.
    #[arg(long, value_name = "@FILE")]
    code: Option<SecretSource>,
    #[command(flatten)]
    factor: FactorArgs,
    /// The new password: @FILE, or - for a line of standard input. Prompted for if omitted.
    #[arg(long, value_name = "@FILE")]
    new_password: Option<SecretSource>,
}

impl Reset {
    pub(in crate::wallet) fn run(
        &self,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        let (mut wallet, profile) = if self.factor.is_here() {
            self.account.open(files)?
        } else {
            self.account.open_locked(files)?
        };
        let client = IssuerClient::new(&profile.issuer)?;
        // With a recovery code at hand the mail comes at once, whatever others asked for.
        let recovery_code = self.factor.recovery_code_in_file()?;
        let request = wallet.account().begin_password_reset(&profile, recovery_code);
        let ticket = execute(request, &client, &mut wallet)?;
        let address = profile.handle.address();
        output.print_progress(&format!(
            "If {address} has an account at {}, a code is on its way there.",
            profile.issuer
        ))?;
        retry(&[self.code.as_ref(), self.factor.source()], || {
            let code = mailed_code(self.code.as_ref())?;
            let factor = self.factor.read(&mut wallet, &profile.handle)?;
            let request =
                wallet.account().verify_password_reset(&profile, ticket.clone(), code, factor);
            execute(request, &client, &mut wallet)
        })?;
        retry(&[self.new_password.as_ref()], || {
            let password = new_password(self.new_password.as_ref(), "new-password")?;
            let request =
                wallet.account().finish_password_reset(&profile, ticket.clone(), password);
            execute(request, &client, &mut wallet)
        })?;
        output.print(
            &format!(
                "{address}: password changed. All devices are logged out: tegata wallet log-in"
            ),
            &json!({ "account": address, "reset": true, "logged_in": false }),
        )
    }
}
