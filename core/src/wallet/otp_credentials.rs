//! One-time passwords of any service.

use subtle::ConstantTimeEq as _;

use super::error::Error;
use super::open::Wallet;
use crate::SecretBytes;
use crate::formats::otpauth;
use crate::otp::OtpCode;
use crate::text::{NotPlain, check_plain};
use crate::vault::{OtpAlgorithm, OtpCredential, OtpKind, RecordId, VaultError};

/// One-time-password credentials and the codes made from them.
#[derive(Debug)]
pub struct OtpCredentials<'w>(&'w mut Wallet);

/// A one-time-password credential as it can be shown: all but its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtpCredentialInfo {
    /// Its record in this wallet.
    pub id: RecordId,
    /// The name of the service.
    pub issuer: String,
    /// The name of the account at the service.
    pub account: String,
    /// The hash function of its codes.
    pub algorithm: OtpAlgorithm,
    /// Digits of a code: 6 to 8.
    pub digits: u8,
    /// Whether codes follow the time or a counter.
    pub kind: OtpKind,
}

impl<'w> OtpCredentials<'w> {
    pub(super) fn new(wallet: &'w mut Wallet) -> Self {
        Self(wallet)
    }

    /// Stores a credential, as [`otpauth::parse`] gives it.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the value that cannot be stored; [`Error::Failed`].
    pub fn add(&mut self, credential: &OtpCredential) -> Result<RecordId, Error> {
        check_names(credential)?;
        Ok(self.0.vault.add(credential)?)
    }

    /// Finds the credentials that are the same as this one but for a counter: those that another import has brought.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn find_same(&self, credential: &OtpCredential) -> Result<Vec<RecordId>, Error> {
        let all = self.0.vault.list::<OtpCredential>()?;
        let same = all.into_iter().filter(|(_, stored)| is_same(stored, credential));
        Ok(same.map(|(id, _)| id).collect())
    }

    /// Stores several, as an export of another authenticator holds them: all of them or none.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_all(&mut self, credentials: &[OtpCredential]) -> Result<Vec<RecordId>, Error> {
        credentials.iter().try_for_each(check_names)?;
        let all = self.0.vault.transaction(|tx| credentials.iter().map(|it| tx.add(it)).collect());
        Ok(all?)
    }

    /// All one-time-password credentials, by id.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn list(&self) -> Result<Vec<OtpCredentialInfo>, Error> {
        let all = self.0.vault.list::<OtpCredential>()?;
        Ok(all.into_iter().map(|(id, stored)| describe(id, stored)).collect())
    }

    /// The code by the device's clock, or of the next counter, which is then used up: the one after it is stored,
    /// durably, before this returns. Costs one durable write with a counter and none without.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] once the last of 2^64 counters is reached; [`Error::Failed`].
    pub fn code(&mut self, id: &RecordId) -> Result<OtpCode, Error> {
        let now = self.0.clock.now();
        self.0.vault.transaction(|tx| {
            let mut stored: OtpCredential = tx.get(id)?.ok_or(Error::NotFound)?;
            let code = stored.code(now).map_err(VaultError::from)?;
            if let OtpKind::Hotp(counter) = &mut stored.kind {
                let used_up = || Error::Invalid("this credential has no counter left".into());
                *counter = counter.checked_add(1).ok_or_else(used_up)?;
                tx.put(id, &stored)?;
            }
            Ok(code)
        })
    }

    /// The credential as an `otpauth` URI, secret and all: for an export that the person asked for by name.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Corrupt`], [`Error::Failed`].
    pub fn reveal_uri(&self, id: &RecordId) -> Result<SecretBytes, Error> {
        let stored = self.0.vault.get(id)?.ok_or(Error::NotFound)?;
        Ok(otpauth::reveal(&stored))
    }

    /// Removes a one-time-password credential.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none with this id.
    pub fn remove(&mut self, id: &RecordId) -> Result<(), Error> {
        self.0.remove::<OtpCredential>(id)
    }
}

/// Names that are shown on a screen are one line of plain text.
fn check_names(credential: &OtpCredential) -> Result<(), NotPlain> {
    check_plain(&credential.issuer, "the issuer")?;
    check_plain(&credential.account, "the account")
}

/// Whether two credentials make the same codes for the same account.
fn is_same(one: &OtpCredential, other: &OtpCredential) -> bool {
    let names = |it: &OtpCredential| (it.issuer.clone(), it.account.clone());
    let is_same_kind = match (one.kind, other.kind) {
        (OtpKind::Totp(period), OtpKind::Totp(other)) => period == other,
        (OtpKind::Hotp(_), OtpKind::Hotp(_)) => true,
        _ => false,
    };
    let is_same_secret = bool::from(one.secret.expose().ct_eq(other.secret.expose()));
    is_same_kind
        && is_same_secret
        && names(one) == names(other)
        && (one.algorithm, one.digits) == (other.algorithm, other.digits)
}

fn describe(id: RecordId, stored: OtpCredential) -> OtpCredentialInfo {
    let OtpCredential { issuer, account, algorithm, digits, kind, .. } = stored;
    OtpCredentialInfo { id, issuer, account, algorithm, digits, kind }
}
