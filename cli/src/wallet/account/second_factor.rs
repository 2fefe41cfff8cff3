//! `tegata wallet second-factor`: a new one in the place of the old, or new recovery codes.

use clap::Args;
use serde_json::json;
use tegata::protocol::{BeginFactorEnrolment, ConfirmFactorEnrolment, RenewRecoveryCodes};
use tegata::{AccountProfile, Wallet};

use super::factor::{Where, drop_here};
use super::log_in::Proof;
use super::{Who, asking, in_session, recovery_texts, recovery_words};
use crate::failure::Failure;
use crate::output::Output;
use crate::secret::SecretSource;
use crate::wallet::files::WalletFiles;

#[derive(Debug, Args)]
pub(crate) struct SecondFactor {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    proof: Proof,
    #[command(flatten)]
    factor: Where,
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
        let (mut wallet, at) = self.who.open(files)?;
        if self.recovery_codes {
            self.renew(&mut wallet, &at, output)
        } else {
            self.enrol(&mut wallet, &at, output)
        }
    }

    fn renew(
        &self,
        wallet: &mut Wallet,
        at: &AccountProfile,
        output: &Output,
    ) -> Result<(), Failure> {
        let new = self.proof.fully(wallet, at, &RenewRecoveryCodes {})?;
        output.print(&recovery_words(&new), &json!({ "recovery_codes": recovery_texts(&new) }))
    }

    fn enrol(
        &self,
        wallet: &mut Wallet,
        at: &AccountProfile,
        output: &Output,
    ) -> Result<(), Failure> {
        let new = self.proof.fully(wallet, at, &BeginFactorEnrolment {})?;
        let kept = self.factor.put(&new, wallet, output)?;
        let typed = self.new_totp.as_ref().or(kept.as_ref().map(|_| &SecretSource::StandardInput));
        let enrolled = asking(&[typed], || {
            let totp = Where::first_value(kept.as_ref(), self.new_totp.as_ref(), wallet)?;
            in_session(wallet, &ConfirmFactorEnrolment { totp })
        });
        // Of the two that may be here, the one that counts stays.
        let taken = enrolled.is_ok();
        drop_here(wallet, &at.handle, |record| taken != (kept.as_ref() == Some(record)))?;
        enrolled?;
        output.print(
            &format!(
                "{}: the second factor was replaced; a mail confirms it.{}",
                at.handle.address(),
                self.factor.warning()
            ),
            &json!({ "account": at.handle.address(), "second_factor": "enrolled" }),
        )
    }
}
