//! `tegata wallet sign-up`: a mailed code, a password, a second factor; then there is an account.

use clap::{Args, ValueEnum};
use serde_json::json;
use tegata::protocol::Language;
use tegata::{AccountProfile, Wallet};

use super::factor::Where;
use super::{
    Trouble, Who, asking, carried, mailed_code, new_password, provision, recovery_texts,
    recovery_words, unreadable,
};
use crate::failure::Failure;
use crate::issuer_client::IssuerClient;
use crate::output::Output;
use crate::secret::SecretSource;
use crate::wallet::files::WalletFiles;

#[derive(Debug, Args)]
pub(crate) struct SignUp {
    #[command(flatten)]
    who: Who,
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
    factor: Where,
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
        let (mut wallet, at) = self.who.open(files)?;
        self.sign_up(&mut wallet, &at, files, output)
    }

    fn sign_up(
        &self,
        wallet: &mut Wallet,
        at: &AccountProfile,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        let client = IssuerClient::new(&at.issuer)?;
        let mut password = new_password(self.password.as_ref(), "password")?;
        let asked = wallet.account().begin_sign_up(at, self.language.into());
        let ticket = carried(asked, &client, wallet)?;
        output.print_progress(&format!("A code is on its way to {}.", at.handle.address()))?;
        let mut weak = false;
        let mut typed = None;
        let enrol = asking(&[self.code.as_ref(), self.password.as_ref()], || {
            // A password that was too easy leaves the code as good as it was.
            let code = match typed.take().filter(|_| weak) {
                Some(code) => code,
                None => mailed_code(self.code.as_ref())?,
            };
            if weak {
                password = new_password(self.password.as_ref(), "password")?;
            }
            typed = Some(code.clone());
            let ticket = ticket.clone();
            let password = password.clone();
            let asked = wallet.account().verify_sign_up_code(at, ticket, code, password);
            let answer = carried(asked, &client, wallet);
            weak = matches!(&answer, Err(Trouble::There(no)) if no.is_weak_password());
            answer
        })?;
        let kept = self.factor.put(&enrol, wallet, output)?;
        let source = self.totp.as_ref().or(kept.as_ref().map(|_| &SecretSource::StandardInput));
        let signed_up = asking(&[source], || {
            let totp = Where::first_value(kept.as_ref(), self.totp.as_ref(), wallet)?;
            let asked = wallet.account().finish_sign_up(at, ticket.clone(), totp);
            carried(asked, &client, wallet)
        });
        if let (Err(_), Some(kept)) = (&signed_up, &kept) {
            // A factor of an account that is not there would only be in the way.
            wallet.otp_credentials().remove(kept).map_err(unreadable)?;
        }
        let codes = signed_up?;
        let address = at.handle.address();
        output.print(
            &format!(
                "{address}: signed up at {}, and logged in.{}\n\n{}",
                at.issuer,
                self.factor.warning(),
                recovery_words(&codes)
            ),
            &json!({
                "account": address, "issuer": at.issuer.as_str(), "logged_in": true,
                "recovery_codes": recovery_texts(&codes),
            }),
        )?;
        // After the recovery codes: they are shown this once.
        provision::after(wallet, files);
        Ok(())
    }
}
