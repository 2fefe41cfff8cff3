//! One-time passwords of any service.

use std::fmt;
use std::sync::Arc;

use tegata::{formats::otpauth, vault};

use crate::number::seconds;
use crate::shared_wallet::SharedWallet;
use crate::{WalletError, id};

/// One-time-password credentials and the codes made from them.
#[derive(uniffi::Object)]
pub struct OtpCredentials(pub(crate) Arc<SharedWallet>);

/// What can be shown of a one-time-password credential: all but its secret.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct OtpCredentialInfo {
    /// The id of its record in this wallet.
    pub id: String,
    /// The name of the service.
    pub issuer: String,
    /// The name of the account at the service.
    pub account: String,
    /// The hash function of its codes.
    pub algorithm: OtpAlgorithm,
    /// How many digits a code has: 6 to 8.
    pub digits: i32,
    /// Whether codes follow the time or a counter.
    pub kind: OtpKind,
    /// Whether it is a second factor of this wallet's own account: no transfer or export carries it, and while the payment
    /// lock is closed it is not listed.
    pub is_own_factor: bool,
}

/// The hash functions of one-time passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum OtpAlgorithm {
    /// HMAC-SHA1, the default of most services.
    Sha1,
    /// HMAC with SHA-256 (FIPS 198-1).
    Sha256,
    /// HMAC with SHA-512 (FIPS 198-1).
    Sha512,
}

/// Whether codes follow the time or a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum OtpKind {
    /// TOTP: a code follows the time.
    Totp {
        /// Seconds for which a code stays the same.
        seconds: i64,
    },
    /// HOTP: a code follows a counter, which each code uses up.
    Hotp,
}

/// A one-time password to type in.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct OtpCode {
    /// The code: 6 to 8 digits.
    pub digits: String,
    /// Seconds until the code changes, at least 1; nothing for one that follows a counter.
    pub seconds_left: Option<i64>,
}

#[uniffi::export]
impl OtpCredentials {
    /// Stores a credential given as an `otpauth` URI in UTF-8, and gives the id of its record. Fails with `OwnFactor` for
    /// the second factor of the wallet's account, which `Account::store_factor` takes.
    pub fn add_uri(&self, uri: &[u8]) -> Result<String, WalletError> {
        let credential = otpauth::parse(uri).map_err(WalletError::invalid)?;
        self.0.with(|wallet| wallet.otp_credentials().add(&credential).map(|id| id.to_string()))
    }

    /// Lists all one-time-password credentials. The account's own second factor is among them while it can be used.
    pub fn list(&self) -> Result<Vec<OtpCredentialInfo>, WalletError> {
        let all = self.0.with(|wallet| wallet.otp_credentials().list())?;
        Ok(all.into_iter().map(describe).collect())
    }

    /// Makes the code of now, or that of the next counter, which is then used up.
    pub fn code(&self, id: String) -> Result<OtpCode, WalletError> {
        let id = id::parse(&id)?;
        let code = self.0.with(|wallet| wallet.otp_credentials().code(&id))?;
        let seconds_left = code.seconds_left().map(seconds);
        Ok(OtpCode { digits: code.digits().to_owned(), seconds_left })
    }

    /// Gives the credential as an `otpauth` URI with its secret: for an export that the owner asked for. Fails with
    /// `Invalid` for the account's own second factor. The only
    /// secret that ever comes out of this library; wipe it after use.
    pub fn reveal_uri(&self, id: String) -> Result<Vec<u8>, WalletError> {
        let id = id::parse(&id)?;
        self.0.with(|wallet| {
            wallet.otp_credentials().reveal_uri(&id).map(|uri| uri.expose().to_vec())
        })
    }

    /// Removes a one-time-password credential.
    pub fn remove(&self, id: String) -> Result<(), WalletError> {
        let id = id::parse(&id)?;
        self.0.with(|wallet| wallet.otp_credentials().remove(&id))
    }
}

fn describe(otp: tegata::OtpCredentialInfo) -> OtpCredentialInfo {
    OtpCredentialInfo {
        id: otp.id.to_string(),
        issuer: otp.issuer,
        account: otp.account,
        algorithm: match otp.algorithm {
            vault::OtpAlgorithm::Sha1 => OtpAlgorithm::Sha1,
            vault::OtpAlgorithm::Sha256 => OtpAlgorithm::Sha256,
            vault::OtpAlgorithm::Sha512 => OtpAlgorithm::Sha512,
        },
        digits: otp.digits.into(),
        kind: match otp.kind {
            vault::OtpKind::Totp(period) => OtpKind::Totp { seconds: period.into() },
            vault::OtpKind::Hotp(_) => OtpKind::Hotp,
        },
        is_own_factor: otp.is_own_factor,
    }
}

impl fmt::Display for OtpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpCode([redacted])")
    }
}

impl fmt::Debug for OtpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
