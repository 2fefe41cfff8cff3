//! One-time passwords of any service.

use subtle::ConstantTimeEq as _;

use super::account_secrets::{add_otp, refuse_own_factor};
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
    /// Whether it is a second factor of this wallet's own account, which no transfer or export carries.
    pub is_own_factor: bool,
}

impl<'w> OtpCredentials<'w> {
    pub(super) fn new(wallet: &'w mut Wallet) -> Self {
        Self(wallet)
    }

    /// Stores a credential, as [`otpauth::parse`] gives it.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the value that cannot be stored; [`Error::OwnFactor`] for a second factor of this wallet's
    /// account, which [`keep_factor`](crate::Account::keep_factor) takes once a recovery code was typed back;
    /// [`Error::Failed`].
    pub fn add(&mut self, credential: &OtpCredential) -> Result<RecordId, Error> {
        let ids = self.add_all(std::slice::from_ref(credential))?;
        ids.into_iter().next().ok_or(Error::Corrupt)
    }

    /// Finds the credentials that are the same as this one but for a counter: those that another import has brought.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn find_same(&self, credential: &OtpCredential) -> Result<Vec<RecordId>, Error> {
        let mut all = self.0.vault.list::<OtpCredential>()?;
        all.extend(self.0.own_factors()?);
        let same = all.into_iter().filter(|(_, stored)| is_same(stored, credential));
        Ok(same.map(|(id, _)| id).collect())
    }

    /// Stores several, as an export of another authenticator holds them: all of them or none.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_all(&mut self, credentials: &[OtpCredential]) -> Result<Vec<RecordId>, Error> {
        credentials.iter().try_for_each(check_names)?;
        self.0.vault.transaction(|tx| credentials.iter().map(|it| add_otp(tx, it)).collect())
    }

    /// All one-time-password credentials, by id. The account's own second factor is among them while it can be used.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn list(&self) -> Result<Vec<OtpCredentialInfo>, Error> {
        let stored = self.0.vault.list::<OtpCredential>()?.into_iter();
        let own = self.0.own_factors()?.into_iter();
        let mut all: Vec<_> = stored.map(|(id, it)| describe(id, it, false)).collect();
        all.extend(own.map(|(id, it)| describe(id, it, true)));
        all.sort_by_key(|it| it.id);
        Ok(all)
    }

    /// The code by the device's clock, or of the next counter, which is then used up: the one after it is stored,
    /// durably, before this returns. Costs one durable write with a counter and none without.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::PaymentsLocked`] for the account's own second factor while the lock is closed;
    /// [`Error::Invalid`] once the last of 2^64 counters is reached; [`Error::Failed`].
    pub fn code(&mut self, id: &RecordId) -> Result<OtpCode, Error> {
        let now = self.0.clock.now();
        if let Some(own) = self.0.own_factor(id)? {
            return Ok(own.code(now).map_err(VaultError::from)?);
        }
        let is_closed = self.0.expect_open_lock().is_err();
        self.0.vault.transaction(|tx| {
            let mut stored: OtpCredential = tx.get(id)?.ok_or(Error::NotFound)?;
            // An earlier version stored it, and the lock was not opened since.
            if is_closed && tx.is_own_factor(&stored)? {
                return Err(Error::PaymentsLocked);
            }
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
    /// [`Error::Invalid`] for the account's own second factor, which is never exported; [`Error::NotFound`],
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn reveal_uri(&mut self, id: &RecordId) -> Result<SecretBytes, Error> {
        self.0.refuse_own_factor(id)?;
        self.0.vault.transaction(|tx| {
            let stored = tx.get(id)?.ok_or(Error::NotFound)?;
            refuse_own_factor(tx, &stored)?;
            Ok(otpauth::reveal(&stored))
        })
    }

    /// Removes a one-time-password credential.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none with this id.
    pub fn remove(&mut self, id: &RecordId) -> Result<(), Error> {
        if self.0.remove_own_factor(id)? { Ok(()) } else { self.0.remove::<OtpCredential>(id) }
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

fn describe(id: RecordId, stored: OtpCredential, is_own_factor: bool) -> OtpCredentialInfo {
    let OtpCredential { issuer, account, algorithm, digits, kind, .. } = stored;
    OtpCredentialInfo { id, issuer, account, algorithm, digits, kind, is_own_factor }
}
