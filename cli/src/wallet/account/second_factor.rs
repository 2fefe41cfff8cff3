//! `tegata wallet second-factor`: replaces the second factor or the recovery codes.

use clap::Args;
use serde_json::json;
use tegata::protocol::{BeginFactorEnrolment, ConfirmFactorEnrolment, RenewRecoveryCodes};
use tegata::{AccountProfile, Wallet};

use super::account_args::AccountArgs;
use super::factor::{NewFactorArgs, remove_stored_factors};
use super::log_in::LogInArgs;
use super::prompts::{recovery_texts, recovery_words, retry};
use super::requests::execute_in_session;
use crate::failure::Failure;
use crate::output::Output;
use crate::secret::SecretSource;
use crate::wallet::files::WalletFiles;

#[derive(Debug, Args)]
pub(crate) struct SecondFactor {
    #[command(flatten)]
    account: AccountArgs,
    #[command(flatten)]
    log_in: LogInArgs,
    #[command(flatten)]
    factor: NewFactorArgs,
    /// The first six digits of the new second factor: @FILE, or - for a line of standard input.
    #[arg(long, value_name = "@FILE", conflicts_with = "keep_here")]
    new_totp: Option<SecretSource>,
    /// Replace the ten recovery codes; the second factor stays.
    #[arg(long, conflicts_with_all = ["keep_here", "reveal", "new_totp"])]
    recovery_codes: bool,
}

impl SecondFactor {
    pub(in crate::wallet) fn run(
        &self,
        files: &WalletFiles,
        output: &Output,
    ) -> Result<(), Failure> {
        if !self.recovery_codes {
            self.factor.check(output)?;
        }
        let (mut wallet, profile) = self.account.open(files)?;
        self.factor.check_lock(&mut wallet)?;
        if self.recovery_codes {
            self.renew(&mut wallet, &profile, output)
        } else {
            self.enrol(&mut wallet, &profile, output)
        }
    }

    fn renew(
        &self,
        wallet: &mut Wallet,
        profile: &AccountProfile,
        output: &Output,
    ) -> Result<(), Failure> {
        let new = self.log_in.execute_after_log_in(wallet, profile, &RenewRecoveryCodes {})?;
        output.print(&recovery_words(&new), &json!({ "recovery_codes": recovery_texts(&new) }))
    }

    fn enrol(
        &self,
        wallet: &mut Wallet,
        profile: &AccountProfile,
        output: &Output,
    ) -> Result<(), Failure> {
        let new = self.log_in.execute_after_log_in(wallet, profile, &BeginFactorEnrolment {})?;
        let issuer = NewFactorArgs::issuer(&new)?;
        self.factor.show(&new, output)?;
        let typed = self.factor.first_source(self.new_totp.as_ref());
        retry(&[typed], || {
            let totp = self.factor.first_value(&new, self.new_totp.as_ref(), wallet)?;
            execute_in_session(wallet, &ConfirmFactorEnrolment { totp })
        })?;
        // What was stored here before was replaced.
        let mut kept = None;
        if self.factor.is_kept_here() {
            let codes = execute_in_session(wallet, &RenewRecoveryCodes {})?;
            kept = Some(self.factor.keep(&new, &codes, wallet, output)?);
        }
        remove_stored_factors(wallet, &profile.handle, &issuer, |record| {
            kept.as_ref() != Some(record)
        })?;
        output.print(
            &format!(
                "{}: the second factor was replaced; a mail confirms it.{}",
                profile.handle.address(),
                self.factor.warning()
            ),
            &json!({ "account": profile.handle.address(), "second_factor": "enrolled" }),
        )
    }
}
