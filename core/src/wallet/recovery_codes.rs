//! Recovery codes as the issuer showed them, and the proof that their owner wrote them down.

use std::ops::Deref;

use super::error::Error;
use crate::protocol::RecoveryCode;

/// Recovery codes of an answer, which the issuer gives this once. The wallet keeps none.
#[derive(Clone, Debug)]
pub struct IssuedRecoveryCodes(Vec<RecoveryCode>);

/// The proof that one of the issued recovery codes was typed back: their owner has them. A second factor is kept in the
/// wallet with it and not without, since ten wrong PINs cost the factor.
#[derive(Debug)]
pub struct ConfirmedRecoveryCodes(());

impl IssuedRecoveryCodes {
    pub(super) fn new(codes: Vec<RecoveryCode>) -> Self {
        Self(codes)
    }

    /// Takes one of the codes as its owner typed it back from what they wrote down.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is none of them.
    pub fn confirm(&self, typed: &str) -> Result<ConfirmedRecoveryCodes, Error> {
        let typed =
            RecoveryCode::parse(typed).map_err(|error| Error::Invalid(error.to_string()))?;
        let is_one = self.iter().any(|code| code.expose() == typed.expose());
        let wrong = || Error::Invalid("this is none of the recovery codes that were shown".into());
        is_one.then_some(ConfirmedRecoveryCodes(())).ok_or_else(wrong)
    }
}

impl Deref for IssuedRecoveryCodes {
    type Target = [RecoveryCode];

    fn deref(&self) -> &[RecoveryCode] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_the_codes_as_it_was_written_confirms_them() {
        let shown = ["000G-40R4-0M30-FZQZ", "0123-4567-89AB-CDEF"];
        let codes = shown.map(|code| RecoveryCode::parse(code).unwrap());
        let codes = IssuedRecoveryCodes::new(codes.to_vec());
        for typed in ["0123-4567-89AB-CDEF", " 000g40r4 0m30fzqz"] {
            codes.confirm(typed).unwrap();
        }
        for wrong in ["", "0123-4567-89AB-CDEE", "0123"] {
            assert!(matches!(codes.confirm(wrong), Err(Error::Invalid(_))), "{wrong}");
        }
    }
}
