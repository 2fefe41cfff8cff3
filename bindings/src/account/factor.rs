//! The second factor: giving it, enrolling a new one, recovery codes.

use std::fmt;
use std::sync::Arc;

use tegata::IssuedRecoveryCodes;
use tegata::protocol::{self, RecoveryCode, SecretText, TotpText};

use super::call::call;
use crate::WalletError;
use crate::shared_wallet::SharedWallet;

/// An enrolled second factor: a value of the authenticator, or a recovery code.
#[derive(uniffi::Object)]
pub struct SecondFactor(pub(super) protocol::SecondFactor);

#[uniffi::export]
impl SecondFactor {
    /// Takes the six digits that the authenticator shows.
    #[uniffi::constructor]
    pub fn totp(digits: String) -> Result<Self, WalletError> {
        let totp = TotpText::new(&digits).map_err(WalletError::invalid)?;
        Ok(Self(protocol::SecondFactor::Totp(totp)))
    }

    /// Takes one of the recovery codes, however its owner wrote it. It is used up by it.
    #[uniffi::constructor]
    pub fn recovery_code(code: &[u8]) -> Result<Self, WalletError> {
        Ok(Self(protocol::SecondFactor::RecoveryCode(parse_recovery_code(code)?)))
    }
}

/// Reads a recovery code. What is not UTF-8 is none either, and the error says so.
pub(super) fn parse_recovery_code(code: &[u8]) -> Result<RecoveryCode, WalletError> {
    RecoveryCode::parse(std::str::from_utf8(code).unwrap_or_default()).map_err(WalletError::invalid)
}

impl fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecondFactor([redacted])")
    }
}

call! {
    /// A request for a new second factor.
    FactorEnrolmentCall: protocol::FactorEnrolment =>
    /// Takes the response, and gives the second factor, this once.
    Arc<FactorEnrolment>, |call, uri| {
        Arc::new(FactorEnrolment { wallet: Arc::clone(&call.wallet), uri })
    }
}

/// A second factor that the issuer has made and that is not enrolled yet. The issuer gives it this once.
#[derive(uniffi::Object)]
pub struct FactorEnrolment {
    wallet: Arc<SharedWallet>,
    uri: SecretText,
}

#[uniffi::export]
impl FactorEnrolment {
    /// Gives the second factor as an `otpauth` URI with its secret: for an authenticator on another device. Wipe it
    /// after use.
    #[must_use]
    pub fn reveal_uri(&self) -> Vec<u8> {
        self.uri.expose().as_bytes().to_vec()
    }

    /// Gives the six digits that the second factor shows now, to confirm the enrolment with before it is stored.
    pub fn first_value(&self) -> Result<String, WalletError> {
        let value = self.wallet.with(|wallet| wallet.account().factor_value(&self.uri))?;
        Ok(value.expose().to_owned())
    }

    /// Stores the second factor in this wallet under the payment lock, and gives its id among one-time passwords. Without
    /// a payment lock it is kept in memory until the wallet is closed: set a PIN first. Weaker than on another device:
    /// whoever opens the lock has both, and ten wrong PINs cost it. Hence the recovery codes, which its owner typed back
    /// before. No transfer or export carries it.
    pub fn store_in_wallet(
        &self,
        confirmed: &ConfirmedRecoveryCodes,
    ) -> Result<String, WalletError> {
        let id =
            self.wallet.with(|wallet| wallet.account().keep_factor(&self.uri, &confirmed.0))?;
        Ok(id.to_string())
    }
}

impl fmt::Debug for FactorEnrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FactorEnrolment([redacted])")
    }
}

call! {
    /// A request for new recovery codes.
    RecoveryCodesCall: protocol::RecoveryCodes =>
    /// Takes the response, and gives the recovery codes, this once.
    Arc<RecoveryCodes>, |_, codes| Arc::new(RecoveryCodes(codes))
}

/// Recovery codes. The issuer gives them this once, and the wallet keeps none.
#[derive(uniffi::Object)]
pub struct RecoveryCodes(pub(super) IssuedRecoveryCodes);

#[uniffi::export]
impl RecoveryCodes {
    /// Gives each as a person writes it down. The owner needs them when the second factor is lost.
    #[must_use]
    pub fn reveal(&self) -> Vec<String> {
        self.0.iter().map(|code| code.text().expose().to_owned()).collect()
    }

    /// Takes one of them as its owner typed it back from what they wrote down. Fails with `Invalid` for any other.
    pub fn confirm(&self, typed: &[u8]) -> Result<Arc<ConfirmedRecoveryCodes>, WalletError> {
        let typed = std::str::from_utf8(typed).unwrap_or_default();
        Ok(Arc::new(ConfirmedRecoveryCodes(self.0.confirm(typed)?)))
    }
}

/// The proof that a recovery code was typed back: a second factor is stored in the wallet with it and not without.
#[derive(Debug, uniffi::Object)]
pub struct ConfirmedRecoveryCodes(pub(super) tegata::ConfirmedRecoveryCodes);
