//! The second factor: read from arguments, stored in this wallet, or newly enrolled.

use clap::Args;
use tegata::formats::otpauth;
use tegata::protocol::Handle;
use tegata::protocol::{RecoveryCode, SecondFactor, SecretText, TotpText};
use tegata::symbol::Symbol;
use tegata::text::{escape, fold_digits};
use tegata::vault::{OtpCredential, RecordId};
use tegata::{IssuedRecoveryCodes, OtpCredentialInfo, Wallet};

use super::prompts::recovery_words;
use super::requests::account_failure;
use crate::failure::Failure;
use crate::output::Output;
use crate::secret::{SecretSource, ask_again, can_prompt, prompt_visible};

/// The name of an issuer that has set none, in authenticators.
const DEFAULT_ISSUER: &str = "Tegata";

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
    /// Use the second factor that is stored in this wallet: the one-time password of this account. If several services
    /// know the account, the issuer's name in tegata wallet list says which.
    #[arg(long, value_name = "ISSUER", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    factor_here: Option<String>,
}

impl FactorArgs {
    /// The source of the factor; `None` if a person is prompted.
    pub(super) fn source(&self) -> Option<&SecretSource> {
        const HERE: &SecretSource = &SecretSource::StandardInput;
        self.totp
            .as_ref()
            .or(self.recovery_code.as_ref())
            .or(self.factor_here.as_ref().map(|_| HERE))
    }

    /// Tells whether the factor is the one stored in this wallet, which the payment lock has to be opened for.
    pub(super) fn is_here(&self) -> bool {
        self.factor_here.is_some()
    }

    /// Reads the recovery code, if a file has it: standard input is read when it is its turn.
    pub(super) fn recovery_code_in_file(&self) -> Result<Option<RecoveryCode>, Failure> {
        let Some(source @ SecretSource::File(_)) = &self.recovery_code else { return Ok(None) };
        let text = prompt_visible(Some(source), "recovery-code", "")?;
        parse_recovery_code(&text).map(Some)
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
        if let Some(issuer) = &self.factor_here {
            return stored_factor_value(
                wallet,
                of,
                Some(issuer.as_str()).filter(|it| !it.is_empty()),
            )
            .map(|totp| Some(SecondFactor::Totp(totp)));
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
        ask_again(true, || {
            let text = prompt_visible(None, "totp", prompt)?;
            match fold_digits(&text).chars().count() {
                0 => Ok(None),
                1..=8 => totp_text(&text).map(SecondFactor::Totp).map(Some),
                _ => recovery_code(&text).map(Some),
            }
        })
    }
}

fn recovery_code(text: &str) -> Result<SecondFactor, Failure> {
    parse_recovery_code(text).map(SecondFactor::RecoveryCode)
}

/// Reads a recovery code that lifts a freeze, or prompts for it.
pub(super) fn lifting_code(source: Option<&SecretSource>) -> Result<RecoveryCode, Failure> {
    ask_again(source.is_none(), || {
        parse_recovery_code(&prompt_visible(source, "lift-code", "Another recovery code: ")?)
    })
}

fn parse_recovery_code(text: &str) -> Result<RecoveryCode, Failure> {
    RecoveryCode::parse(text).map_err(|error| Failure::Mistyped(error.to_string()))
}

/// Reads a value of the authenticator.
pub(super) fn totp(source: Option<&SecretSource>) -> Result<TotpText, Failure> {
    ask_again(source.is_none(), || {
        totp_text(&prompt_visible(source, "totp", "Six digits from the authenticator: ")?)
    })
}

fn totp_text(text: &str) -> Result<TotpText, Failure> {
    TotpText::new(text).map_err(|error| Failure::Mistyped(error.to_string()))
}

/// Computes the current code of the factor that is stored in this wallet.
fn stored_factor_value(
    wallet: &mut Wallet,
    of: &Handle,
    issuer: Option<&str>,
) -> Result<TotpText, Failure> {
    let mut stored = stored_factors(wallet, of)?;
    if let Some(issuer) = issuer {
        stored.retain(|otp| otp.issuer == issuer || escape(&otp.issuer) == issuer);
    }
    // Other services may know the same address, and one of their codes would use up a try here.
    if stored.iter().any(|otp| otp.issuer == DEFAULT_ISSUER) {
        stored.retain(|otp| otp.issuer == DEFAULT_ISSUER);
    }
    let Some(first) = stored.first() else {
        let text = format!("no second factor of {} is stored in this wallet", of.address());
        return Err(Failure::Failed(text));
    };
    if stored.iter().any(|otp| otp.issuer != first.issuer) {
        let names: Vec<_> = stored.iter().map(|otp| escape(&otp.issuer)).collect();
        return Err(Failure::Usage(format!(
            "this wallet has one-time passwords of {} for {}: say which with --factor-here=NAME",
            of.address(),
            names.join(", ")
        )));
    }
    factor_value(wallet, &first.id)
}

pub(super) fn factor_value(wallet: &mut Wallet, stored: &RecordId) -> Result<TotpText, Failure> {
    let code = wallet.otp_credentials().code(stored).map_err(account_failure)?;
    totp_text(code.digits())
}

/// The one-time passwords of the account, whatever their issuer is called.
fn stored_factors(wallet: &mut Wallet, of: &Handle) -> Result<Vec<OtpCredentialInfo>, Failure> {
    let mut all = wallet.otp_credentials().list().map_err(account_failure)?;
    let is_of = |account: &str| {
        account == of.address() || account.parse::<Handle>().is_ok_and(|it| it == *of)
    };
    all.retain(|otp| is_of(&otp.account));
    Ok(all)
}

/// The arguments that say where a new second factor is stored.
#[derive(Debug, Args)]
pub(super) struct NewFactorArgs {
    /// Store the new second factor in this wallet, under its payment lock. Weaker: anyone who can open the lock has both.
    #[arg(long = "keep-here")]
    keep_here: bool,
    /// Also show the new second factor as text: an otpauth URI, including its secret.
    #[arg(long, conflicts_with = "keep_here")]
    reveal: bool,
    /// One of the recovery codes as you wrote it down: @FILE, or - for a line of standard input, read once they are shown.
    #[arg(long, value_name = "@FILE", requires = "keep_here")]
    recovery_code_written: Option<SecretSource>,
}

fn read_new(new: &SecretText) -> Result<OtpCredential, Failure> {
    otpauth::parse(new.expose().as_bytes())
        .map_err(|e| Failure::cannot("read the second factor that the issuer made")(&e))
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

    /// Refuses to store the factor here without a payment lock: it would be gone when the command ends.
    pub(super) fn check_lock(&self, wallet: &mut Wallet) -> Result<(), Failure> {
        let lock = wallet.payments().lock_status().map_err(account_failure)?;
        if self.keep_here && lock.is_none() {
            let text = "--keep-here needs a payment lock: set a PIN first with tegata wallet pin";
            return Err(Failure::Usage(text.into()));
        }
        Ok(())
    }

    /// Shows the new factor, unless it is to be stored here.
    pub(super) fn show(&self, new: &SecretText, output: &Output) -> Result<(), Failure> {
        if self.keep_here {
            return Ok(());
        }
        let uri = new.expose();
        let symbol = Symbol::qr(uri).map_err(|e| Failure::cannot("draw the second factor")(&e))?;
        let text = if self.reveal { format!("{uri}\n") } else { String::new() };
        let words = format!(
            "{text}Scan it with an authenticator on another device. (No other device? \
             --keep-here stores it in this wallet,\nwhich is weaker: anyone who can open its \
             payment lock has both. --reveal shows it as text.)"
        );
        output.print_drawing_progress(["", &output.draw(&symbol), &words])
    }

    /// Tells whether the new factor is to be stored here.
    pub(super) fn is_kept_here(&self) -> bool {
        self.keep_here
    }

    /// Stores the new factor here once one of its owner's recovery codes was typed back: ten wrong PINs cost the factor. They
    /// are shown apart from the output, which is one document at the end.
    pub(super) fn keep(
        &self,
        new: &SecretText,
        codes: &IssuedRecoveryCodes,
        wallet: &mut Wallet,
        output: &Output,
    ) -> Result<RecordId, Failure> {
        let source = self.recovery_code_written.as_ref();
        let shown = recovery_words(codes);
        if output.is_json() {
            eprintln!("{shown}\n");
        }
        output.print_progress(&format!("{shown}\n"))?;
        let written = ask_again(source.is_none(), || {
            let prompt = "One of these recovery codes, as you wrote it down: ";
            let typed = prompt_visible(source, "recovery-code-written", prompt)?;
            codes.confirm(&typed).map_err(|error| Failure::Mistyped(error.to_string()))
        });
        let kept = written.and_then(|written| {
            wallet.account().keep_factor(new, &written).map_err(account_failure)
        });
        kept.inspect_err(|_| {
            eprintln!(
                "The second factor counts and is not stored here: log in with a recovery code and \
                 enrol another one."
            );
        })
    }

    /// The issuer's name in a new factor.
    pub(super) fn issuer(new: &SecretText) -> Result<String, Failure> {
        read_new(new).map(|credential| credential.issuer)
    }

    /// The first value of the new factor, computed here if it is to be stored here, or typed.
    pub(super) fn first_value(
        &self,
        new: &SecretText,
        typed: Option<&SecretSource>,
        wallet: &mut Wallet,
    ) -> Result<TotpText, Failure> {
        if self.keep_here {
            wallet.account().factor_value(new).map_err(account_failure)
        } else {
            totp(typed)
        }
    }

    /// The source of the first value, for whether a person types it.
    pub(super) fn first_source<'a>(
        &self,
        typed: Option<&'a SecretSource>,
    ) -> Option<&'a SecretSource> {
        typed.or(self.keep_here.then_some(&SecretSource::StandardInput))
    }

    /// The warning about a factor that is stored here.
    pub(super) fn warning(&self) -> &'static str {
        if self.keep_here {
            "\nThe second factor is stored in this wallet, which is weaker than on another \
             device: anyone who can open its payment lock has both, and ten wrong PINs cost it."
        } else {
            ""
        }
    }
}

/// Removes stored factors of this account at this issuer: those replaced, or a new one that was not accepted.
pub(super) fn remove_stored_factors(
    wallet: &mut Wallet,
    of: &Handle,
    issuer: &str,
    which: impl Fn(&RecordId) -> bool,
) -> Result<(), Failure> {
    for stored in stored_factors(wallet, of)? {
        // The same address may be an account of another service.
        if stored.issuer == issuer && which(&stored.id) {
            wallet.otp_credentials().remove(&stored.id).map_err(account_failure)?;
        }
    }
    Ok(())
}
