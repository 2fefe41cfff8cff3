//! What an answer leaves behind, to go on with or to show once.

use std::fmt;
use std::sync::Arc;

use tegata::formats::otpauth;
use tegata::protocol::{MailedCodeText, RecoveryCode, SecretText, Ticket, TotpText};
use tegata::{AccountProfile, tegata::Account};

use super::SecondFactor;
use super::calls::{DoneCall, FactorCall, Pending, SignedUpCall, password};
use crate::WalletError;
use crate::open::Open;

/// Something that the issuer has begun, and what names it there.
pub(super) struct Ticketed {
    pub(super) open: Arc<Open>,
    pub(super) at: AccountProfile,
    pub(super) ticket: Ticket,
}

impl Ticketed {
    fn next<A, P: Pending<A>>(
        &self,
        ask: impl FnOnce(
            tegata::Account<'_>,
            Ticket,
        ) -> Result<tegata::PendingRequest<A>, tegata::Error>,
    ) -> Result<Arc<P>, WalletError> {
        let asked = self.open.with(|wallet| ask(wallet.account(), self.ticket.clone()))?;
        Ok(P::new(&self.open, asked))
    }
}

/// A sign-up that is under way.
#[derive(uniffi::Object)]
pub struct SignUp(pub(super) Ticketed);

#[uniffi::export]
impl SignUp {
    /// The code that was mailed, eight digits, and the password to be: at least 8 characters, 1 to 256 bytes of UTF-8,
    /// not one that others have guessed before. One that is too easy leaves the code as good as it was.
    pub fn code(&self, code: String, password: &[u8]) -> Result<Arc<FactorCall>, WalletError> {
        let code = MailedCodeText::new(&code).map_err(WalletError::invalid)?;
        let password = self::password(password)?;
        self.0
            .next(|account, ticket| account.verify_sign_up_code(&self.0.at, ticket, code, password))
    }

    /// The first value of the second factor. Once it is answered there is an account, and the wallet is logged in.
    pub fn factor(&self, totp: String) -> Result<Arc<SignedUpCall>, WalletError> {
        let totp = TotpText::new(&totp).map_err(WalletError::invalid)?;
        self.0.next(|account, ticket| account.finish_sign_up(&self.0.at, ticket, totp))
    }
}

/// A reset of the password that is under way.
#[derive(uniffi::Object)]
pub struct Reset(pub(super) Ticketed);

#[uniffi::export]
impl Reset {
    /// The code that was mailed, eight digits, and the second factor. Refused is refused, and which was wrong is not
    /// told.
    pub fn proof(
        &self,
        code: String,
        second_factor: Arc<SecondFactor>,
    ) -> Result<Arc<DoneCall>, WalletError> {
        let code = MailedCodeText::new(&code).map_err(WalletError::invalid)?;
        let factor = second_factor.0.clone();
        self.0
            .next(|account, ticket| account.verify_password_reset(&self.0.at, ticket, code, factor))
    }

    /// The new password, once the reset was proved. All sessions end with it: log in.
    pub fn finish(&self, password: &[u8]) -> Result<Arc<DoneCall>, WalletError> {
        let password = self::password(password)?;
        self.0.next(|account, ticket| account.finish_password_reset(&self.0.at, ticket, password))
    }
}

/// A second factor that the issuer has made, not yet enrolled. The issuer gives it this once.
#[derive(uniffi::Object)]
pub struct NewFactor {
    pub(super) open: Arc<Open>,
    pub(super) uri: SecretText,
}

#[uniffi::export]
impl NewFactor {
    /// As an `otpauth` URI, secret and all: for an authenticator on another device. Wipe it after use.
    #[must_use]
    pub fn reveal_uri(&self) -> Vec<u8> {
        self.uri.expose().as_bytes().to_vec()
    }

    /// Keeps it in this wallet, beside other one-time passwords, and gives its record there. Weaker than on another
    /// device: whoever has the wallet open has both.
    pub fn keep_here(&self) -> Result<String, WalletError> {
        let credential = otpauth::parse(self.uri.expose().as_bytes());
        let credential = credential.map_err(WalletError::invalid)?;
        self.open.with(|wallet| wallet.otp_credentials().add(&credential).map(|id| id.to_string()))
    }
}

/// Recovery codes. The issuer gives them this once, and the wallet keeps none.
#[derive(uniffi::Object)]
pub struct RecoveryCodes(pub(super) Vec<RecoveryCode>);

#[uniffi::export]
impl RecoveryCodes {
    /// Each as a person writes it down. She needs them when her second factor is gone.
    #[must_use]
    pub fn reveal(&self) -> Vec<String> {
        self.0.iter().map(|code| code.text().expose().to_owned()).collect()
    }
}

impl fmt::Debug for NewFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewFactor([redacted])")
    }
}
