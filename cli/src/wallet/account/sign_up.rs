//! `tegata wallet sign-up`: signs up with a mailed code, a password and a second factor.

use clap::{Args, ValueEnum};
use serde_json::json;
use tegata::protocol::Language;
use tegata::{AccountProfile, Wallet};

use super::account_args::AccountArgs;
use super::factor::NewFactorArgs;
use super::prompts::{mailed_code, new_password, recovery_texts, recovery_words, retry};
use super::provision;
use super::requests::{ExecuteError, execute, warn_without_lock};
use crate::failure::Failure;
use crate::issuer_client::IssuerClient;
use crate::output::Output;
use crate::secret::SecretSource;
use crate::wallet::files::WalletFiles;

#[derive(Debug, Args)]
pub(crate) struct SignUp {
    #[command(flatten)]
    account: AccountArgs,
    /// The language of the issuer's mails.
    #[arg(long, default_value = "en")]
    language: MailLanguage,
    /// The new password: @FILE, or - for a line of standard input. Prompted for if omitted.
    #[arg(long, value_name = "@FILE")]
    password: Option<SecretSource>,
    /// The eight digits of the mailed code: @FILE, or - for a line of standard input, read once the mail is on its way.
    #[arg(long, value_name = "@FILE")]
    code: Option<SecretSource>,
    /// The first six digits of the new second factor: @FILE, or - for a line of standard input.
    #[arg(long, value_name = "@FILE", conflicts_with = "keep_here")]
    totp: Option<SecretSource>,
    #[command(flatten)]
    factor: NewFactorArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum MailLanguage {
    En,
    Ja,
}

impl From<MailLanguage> for Language {
    fn from(language: MailLanguage) -> Self {
        match language {
            MailLanguage::En => Self::En,
            MailLanguage::Ja => Self::Ja,
        }
    }
}

impl SignUp {
    pub(in crate::wallet) fn run(
        &self,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        self.factor.check(output)?;
        let (mut wallet, profile) = self.account.open(files)?;
        self.factor.check_lock(&mut wallet)?;
        warn_without_lock(&mut wallet)?;
        self.sign_up(&mut wallet, &profile, files, output)
    }

    fn sign_up(
        &self,
        wallet: &mut Wallet,
        profile: &AccountProfile,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        let client = IssuerClient::new(&profile.issuer)?;
        let mut password = new_password(self.password.as_ref(), "password")?;
        let request = wallet.account().begin_sign_up(profile, self.language.into());
        let ticket = execute(request, &client, wallet)?;
        output.print_progress(&format!("A code is on its way to {}.", profile.handle.address()))?;
        let mut is_weak = false;
        let mut typed = None;
        let enrol = retry(&[self.code.as_ref(), self.password.as_ref()], || {
            // The code stays valid if the password was too weak.
            let code = match typed.take().filter(|_| is_weak) {
                Some(code) => code,
                None => mailed_code(self.code.as_ref())?,
            };
            if is_weak {
                password = new_password(self.password.as_ref(), "password")?;
            }
            typed = Some(code.clone());
            let ticket = ticket.clone();
            let password = password.clone();
            let request = wallet.account().verify_sign_up_code(profile, ticket, code, password);
            let result = execute(request, &client, wallet);
            is_weak =
                matches!(&result, Err(ExecuteError::Issuer(error)) if error.is_weak_password());
            result
        })?;
        self.factor.show(&enrol, output)?;
        let source = self.factor.first_source(self.totp.as_ref());
        let codes = retry(&[source], || {
            let totp = self.factor.first_value(&enrol, self.totp.as_ref(), wallet)?;
            let request = wallet.account().finish_sign_up(profile, ticket.clone(), totp);
            execute(request, &client, wallet)
        })?;
        if self.factor.is_kept_here() {
            self.factor.keep(&enrol, &codes, wallet, output)?;
        }
        let address = profile.handle.address();
        output.print(
            &format!(
                "{address}: signed up at {}, and logged in.{}\n\n{}",
                profile.issuer,
                self.factor.warning(),
                recovery_words(&codes)
            ),
            &json!({
                "account": address, "issuer": profile.issuer.as_str(), "logged_in": true,
                "recovery_codes": recovery_texts(&codes),
            }),
        )?;
        // After the recovery codes, which are shown only once.
        provision::provision_after_log_in(wallet, files);
        Ok(())
    }
}
