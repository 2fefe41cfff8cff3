//! Prompts for passwords and codes, and prints recovery codes.

use tegata::protocol::{MailedCodeText, PasswordText, RecoveryCode};

use super::requests::ExecuteError;
use crate::failure::{Failure, tell};
use crate::secret::{ATTEMPTS, SecretSource, ask_again, prompt_hidden, prompt_visible};
use crate::wallet::files::AGAIN;

/// Repeats an attempt whose typed value was wrong; the issuer counts attempts as well. A value from a file would be the same each time, so it is not repeated.
pub(super) fn retry<T>(
    sources: &[Option<&SecretSource>],
    mut attempt: impl FnMut() -> Result<T, ExecuteError>,
) -> Result<T, Failure> {
    let typed = sources.iter().any(Option::is_none);
    for left in (1..=ATTEMPTS).rev() {
        match attempt() {
            Err(ExecuteError::Issuer(error)) if typed && left > 1 && error.is_mistyped() => {
                tell(&format!("{error}. Try again:"));
            }
            other => return Ok(other?),
        }
    }
    Err(Failure::Failed("too many attempts".into()))
}

/// Reads the current password.
pub(super) fn password(source: Option<&SecretSource>) -> Result<PasswordText, Failure> {
    ask_again(source.is_none(), || {
        let text = prompt_hidden(source, "password", "Password: ")?;
        PasswordText::new(&text).map_err(|error| Failure::Mistyped(error.to_string()))
    })
}

/// Reads a new password, typed twice at a prompt.
pub(super) fn new_password(
    source: Option<&SecretSource>,
    option: &str,
) -> Result<PasswordText, Failure> {
    ask_again(source.is_none(), || {
        let text = prompt_hidden(source, option, "New password: ")?;
        let password =
            PasswordText::new(&text).map_err(|error| Failure::Mistyped(error.to_string()))?;
        if source.is_none() && *prompt_hidden(None, option, AGAIN)? != *text {
            return Err(Failure::Mistyped("the passwords do not match".into()));
        }
        Ok(password)
    })
}

/// Reads the eight digits of a mailed code, however they are typed.
pub(super) fn mailed_code(source: Option<&SecretSource>) -> Result<MailedCodeText, Failure> {
    ask_again(source.is_none(), || {
        let text = prompt_visible(source, "code", "Code from the mail: ")?;
        MailedCodeText::new(&text).map_err(|error| Failure::Mistyped(error.to_string()))
    })
}

/// Recovery codes for display, two per line.
pub(super) fn recovery_words(codes: &[RecoveryCode]) -> String {
    let texts: Vec<String> = codes.iter().map(|code| code.text().expose().to_owned()).collect();
    let lines: Vec<String> =
        texts.chunks(2).map(|pair| format!("    {}", pair.join("    "))).collect();
    format!(
        "Recovery codes, shown only once. Write them down and keep them away from this device; \
         each replaces the second factor once:\n\n{}",
        lines.join("\n")
    )
}

pub(super) fn recovery_texts(codes: &[RecoveryCode]) -> Vec<String> {
    codes.iter().map(|code| code.text().expose().to_owned()).collect()
}
