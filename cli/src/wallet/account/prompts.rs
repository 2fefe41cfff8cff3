//! Prompts for passwords and codes, and prints recovery codes.

use tegata::protocol::{MailedCodeText, PasswordText, RecoveryCode};
use zeroize::Zeroizing;

use super::requests::ExecuteError;
use crate::failure::Failure;
use crate::secret::{SecretSource, prompt_hidden, prompt_visible};
use crate::wallet::files::AGAIN;

/// How often a person is prompted for the same value. The issuer counts attempts as well.
const ATTEMPTS: u32 = 5;

/// Repeats an attempt whose typed value was wrong. A value from a file would be the same each time, so it is not repeated.
pub(super) fn retry<T>(
    sources: &[Option<&SecretSource>],
    mut attempt: impl FnMut() -> Result<T, ExecuteError>,
) -> Result<T, Failure> {
    let typed = sources.iter().any(Option::is_none);
    for left in (1..=ATTEMPTS).rev() {
        match attempt() {
            Err(ExecuteError::Issuer(error)) if typed && left > 1 && error.is_mistyped() => {
                eprintln!("{error}. Try again:");
            }
            other => return Ok(other?),
        }
    }
    Err(Failure::Failed("too many attempts".into()))
}

/// Reads the current password.
pub(super) fn password(source: Option<&SecretSource>) -> Result<PasswordText, Failure> {
    let text = prompt_hidden(source, "password", "Password: ")?;
    PasswordText::new(&text).map_err(|error| Failure::Usage(error.to_string()))
}

/// Reads a new password, typed twice at a prompt.
pub(super) fn new_password(
    source: Option<&SecretSource>,
    option: &str,
) -> Result<PasswordText, Failure> {
    for _ in 0..ATTEMPTS {
        let text = prompt_hidden(source, option, "New password: ")?;
        if source.is_some() || *prompt_hidden(None, option, AGAIN)? == *text {
            return PasswordText::new(&text).map_err(|error| Failure::Usage(error.to_string()));
        }
        eprintln!("the passwords do not match. Try again:");
    }
    Err(Failure::Failed("the passwords do not match; nothing was changed".into()))
}

/// Reads the eight digits of a mailed code, ignoring spaces.
pub(super) fn mailed_code(source: Option<&SecretSource>) -> Result<MailedCodeText, Failure> {
    let text = prompt_visible(source, "code", "Code from the mail: ")?;
    let digits = Zeroizing::new(text.chars().filter(|c| *c != ' ').collect::<String>());
    MailedCodeText::new(&digits).map_err(|error| Failure::Usage(error.to_string()))
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
