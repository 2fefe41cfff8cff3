//! What a person proves herself with besides her password.

use std::fmt;

use tegata::protocol::{self, RecoveryCode, TotpText};

use crate::WalletError;

/// A second factor that is enrolled: a value of the authenticator, or a recovery code.
#[derive(uniffi::Object)]
pub struct SecondFactor(pub(super) protocol::SecondFactor);

#[uniffi::export]
impl SecondFactor {
    /// The six digits that the authenticator shows.
    #[uniffi::constructor]
    pub fn totp(digits: String) -> Result<Self, WalletError> {
        let totp = TotpText::new(&digits).map_err(WalletError::invalid)?;
        Ok(Self(protocol::SecondFactor::Totp(totp)))
    }

    /// One of the recovery codes, however she wrote it. It is used up by it.
    #[uniffi::constructor]
    pub fn recovery_code(code: &[u8]) -> Result<Self, WalletError> {
        // What is not UTF-8 is no code either, and is told so.
        let code = RecoveryCode::parse(std::str::from_utf8(code).unwrap_or_default());
        Ok(Self(protocol::SecondFactor::RecoveryCode(code.map_err(WalletError::invalid)?)))
    }
}

impl fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecondFactor([redacted])")
    }
}
