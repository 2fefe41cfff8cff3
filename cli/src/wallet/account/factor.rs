//! The second factor: read from arguments, stored in this wallet, or newly enrolled.

use clap::Args;
use tegata::formats::otpauth;
use tegata::protocol::Handle;
use tegata::protocol::{RecoveryCode, SecondFactor, SecretText, TotpText};
use tegata::symbol::Symbol;
use tegata::vault::RecordId;
use tegata::{OtpCredentialInfo, Wallet};

use super::requests::account_failure;
use crate::failure::Failure;
use crate::output::Output;
use crate::secret::{SecretSource, can_prompt, prompt_visible};

/// The issuer's name in authenticators.
const ISSUER: &str = "Tegata";

/// The arguments that give the enrolled second factor.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct FactorArgs {
    /// The six digits from the authenticator: @FILE, or - for a line of standard input.
    #[arg(long, value_name = "@FILE")]
    totp: Option<SecretSource>,
    /// One of the recovery codes, which is used up: @FILE, or - for a line of standard input.
    #[arg(long, value_name = "@FILE")]
    recovery_code: Option<SecretSource>,
    /// Use the second factor that is stored in this wallet.
    #[arg(long)]
    factor_here: bool,
}

impl FactorArgs {
    /// The source of the factor; `None` if a person is prompted.
    pub(super) fn source(&self) -> Option<&SecretSource> {
        const HERE: &SecretSource = &SecretSource::StandardInput;
        self.totp.as_ref().or(self.recovery_code.as_ref()).or(self.factor_here.then_some(HERE))
    }

    /// Reads the factor, or prompts for it.
    pub(super) fn read(&self, wallet: &mut Wallet, of: &Handle) -> Result<SecondFactor, Failure> {
        let read = self.read_if_any(wallet, of, "Second factor (six digits, or a recovery code): ");
        read?.ok_or_else(|| {
            let text = "no second factor: give --totp, --recovery-code or --factor-here";
            Failure::Usage(text.into())
        })
    }

    /// Reads the factor or prompts for it; `None` if there is no terminal or nothing is typed.
    pub(super) fn read_if_any(
        &self,
        wallet: &mut Wallet,
        of: &Handle,
        prompt: &str,
    ) -> Result<Option<SecondFactor>, Failure> {
        if self.factor_here {
            return stored_factor_value(wallet, of).map(|totp| Some(SecondFactor::Totp(totp)));
        }
        if let Some(source) = &self.totp {
            return totp(Some(source)).map(|totp| Some(SecondFactor::Totp(totp)));
        }
        if let Some(source) = &self.recovery_code {
            let text = prompt_visible(Some(source), "recovery-code", "")?;
            return recovery_code(&text).map(Some);
        }
        if !can_prompt() {
            return Ok(None);
        }
        let text = prompt_visible(None, "totp", prompt)?;
        match text.trim() {
            "" => Ok(None),
            digits if digits.len() <= 8 => totp_text(digits).map(SecondFactor::Totp).map(Some),
            code => recovery_code(code).map(Some),
        }
    }
}

fn recovery_code(text: &str) -> Result<SecondFactor, Failure> {
    let code = RecoveryCode::parse(text).map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(SecondFactor::RecoveryCode(code))
}

/// Reads a value of the authenticator.
pub(super) fn totp(source: Option<&SecretSource>) -> Result<TotpText, Failure> {
    totp_text(prompt_visible(source, "totp", "Six digits from the authenticator: ")?.trim())
}

fn totp_text(text: &str) -> Result<TotpText, Failure> {
    TotpText::new(text).map_err(|error| Failure::Usage(error.to_string()))
}

/// Computes the current code of the factor that is stored in this wallet.
fn stored_factor_value(wallet: &mut Wallet, of: &Handle) -> Result<TotpText, Failure> {
    let factors = stored_factors(wallet, of)?;
    let stored = factors.first().ok_or_else(|| {
        Failure::Failed(format!("no second factor of {} is stored in this wallet", of.address()))
    })?;
    factor_value(wallet, stored)
}

pub(super) fn factor_value(wallet: &mut Wallet, stored: &RecordId) -> Result<TotpText, Failure> {
    let code = wallet.otp_credentials().code(stored).map_err(account_failure)?;
    totp_text(code.digits())
}

fn stored_factors(wallet: &mut Wallet, of: &Handle) -> Result<Vec<RecordId>, Failure> {
    let all = wallet.otp_credentials().list().map_err(account_failure)?;
    let ours = |otp: &OtpCredentialInfo| otp.issuer == ISSUER && otp.account == of.address();
    Ok(all.into_iter().filter(ours).map(|otp| otp.id).collect())
}

/// The arguments that say where a new second factor is stored.
#[derive(Debug, Args)]
pub(super) struct NewFactorArgs {
    /// Store the new second factor in this wallet. Weaker: anyone who can open the wallet has both.
    #[arg(long = "keep-here")]
    keep_here: bool,
    /// Also show the new second factor as text: an otpauth URI, including its secret.
    #[arg(long, conflicts_with = "keep_here")]
    reveal: bool,
}

impl NewFactorArgs {
    /// Refuses `--json` unless the factor is stored here: it could not be shown before the one document.
    pub(super) fn check(&self, output: &Output) -> Result<(), Failure> {
        if output.is_json() && !self.keep_here {
            let text =
                "with --json the new second factor cannot be shown: store it with --keep-here";
            return Err(Failure::Usage(text.into()));
        }
        Ok(())
    }

    /// Stores the new factor here or shows it; returns its record if stored.
    pub(super) fn put(
        &self,
        new: &SecretText,
        wallet: &mut Wallet,
        output: &Output,
    ) -> Result<Option<RecordId>, Failure> {
        let uri = new.expose();
        let credential = otpauth::parse(uri.as_bytes())
            .map_err(|e| Failure::cannot("read the second factor that the issuer made")(&e))?;
        if self.keep_here {
            return wallet.otp_credentials().add(&credential).map(Some).map_err(account_failure);
        }
        let symbol = Symbol::qr(uri).map_err(|e| Failure::cannot("draw the second factor")(&e))?;
        let text = if self.reveal { format!("{uri}\n") } else { String::new() };
        output.print_progress(&format!(
            "{}\n{text}Scan it with an authenticator on another device. (No other device? \
             --keep-here stores it in this wallet,\nwhich is weaker: anyone who can open the \
             wallet has both. --reveal shows it as text.)",
            output.draw(&symbol)
        ))?;
        Ok(None)
    }

    /// The first value of the new factor, computed here or typed.
    pub(super) fn first_value(
        stored: Option<&RecordId>,
        typed: Option<&SecretSource>,
        wallet: &mut Wallet,
    ) -> Result<TotpText, Failure> {
        stored.map_or_else(|| totp(typed), |stored| factor_value(wallet, stored))
    }

    /// The warning about a factor that is stored here.
    pub(super) fn warning(&self) -> &'static str {
        if self.keep_here {
            "\nThe second factor is stored in this wallet, which is weaker than on another \
             device: anyone who can open the wallet has both."
        } else {
            ""
        }
    }
}

/// Removes stored factors of this account: those replaced, or a new one that was not accepted.
pub(super) fn remove_stored_factors(
    wallet: &mut Wallet,
    of: &Handle,
    which: impl Fn(&RecordId) -> bool,
) -> Result<(), Failure> {
    for stored in stored_factors(wallet, of)? {
        if which(&stored) {
            wallet.otp_credentials().remove(&stored).map_err(account_failure)?;
        }
    }
    Ok(())
}
