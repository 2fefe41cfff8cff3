//! Secrets of the account under the payment lock: how they are sealed, and which open ones are moved there.
//!
//! ```text
//! sealed = 0x01 ‖ salt (16) ‖ ciphertext ‖ tag
//!          key HKDF-SHA256(L, salt, name ‖ record id), nonce 12 × 0, AAD = name ‖ vault id ‖ record id
//! name   = "tegata/v1/session" or "tegata/v1/factor"
//! ```

use std::sync::Arc;

use zeroize::Zeroizing;

use super::aead::{OneTimeKey, TAG};
use super::kinds::{self, AccountSecret, PaymentLock, SecretPurpose};
use super::open_lock::OpenLock;
use super::{
    AccountRecord, OtpCredential, OtpKind, PaymentUnlock, RecordId, Setting, Transaction, Vault,
    VaultError, VaultId,
};
use crate::{Random, SecretBytes};

/// The setting with the issuer's name in authenticators, which its enrolments said last.
pub(crate) const ISSUER_NAME: &str = "account.issuer-name";

/// The issuer's name in authenticators where no enrolment said another.
const DEFAULT_ISSUER: &str = "Tegata";

/// The payment lock as it is now, for what needs it to be open.
pub(crate) enum LockState {
    /// The vault has no payment lock.
    None,
    /// It has one, and no token of it is held.
    Closed,
    /// Somebody holds a token of it.
    Open(Arc<OpenLock>),
}

impl Vault {
    /// Tells whether there is a payment lock, and whether a token of it is held. Decrypts every record.
    pub(crate) fn lock_state(&self) -> Result<LockState, VaultError> {
        if self.list::<PaymentLock>()?.is_empty() {
            return Ok(LockState::None);
        }
        let Some(open) = self.open_lock.upgrade() else { return Ok(LockState::Closed) };
        // A token of a lock that was removed or dropped opens nothing of the next one.
        let is_present = self.get::<PaymentLock>(open.lock()).is_ok_and(|lock| lock.is_some());
        Ok(if is_present { LockState::Open(open) } else { LockState::Closed })
    }
}

impl Transaction<'_> {
    /// Seals a secret of the account under the lock's key, as the record `id`.
    pub(crate) fn put_secret(
        &mut self,
        id: &RecordId,
        lock: &OpenLock,
        purpose: SecretPurpose,
        secret: &[u8],
    ) -> Result<(), VaultError> {
        let sealed = seal(lock, self.vault_id(), id, purpose, secret, self.random())?;
        self.put(id, &AccountSecret { purpose, sealed })
    }

    /// Lists the records of this purpose.
    pub(crate) fn secrets(
        &self,
        purpose: SecretPurpose,
    ) -> Result<Vec<(RecordId, AccountSecret)>, VaultError> {
        let all = self.list::<AccountSecret>()?.into_iter();
        Ok(all.filter(|(_, secret)| secret.purpose == purpose).collect())
    }

    /// Moves under the lock what an earlier version stored open: the session, and the account's own second factor.
    pub(crate) fn move_under_lock(&mut self, lock: &OpenLock) -> Result<(), VaultError> {
        let accounts = self.list::<AccountRecord>()?;
        for (id, otp) in self.own_open_factors()? {
            self.put_secret(&id, lock, SecretPurpose::OwnFactor, &kinds::encode(&otp)?)?;
            self.purge_overwritten();
        }
        for (id, account) in accounts {
            let Some(session) = &account.session else { continue };
            let new = RecordId::make(self.random)?;
            self.put_secret(&new, lock, SecretPurpose::Session, session.expose())?;
            self.put(&id, &AccountRecord { session: None, ..account })?;
            self.purge_overwritten();
        }
        Ok(())
    }

    /// Deletes the session and the account's own second factor, wherever they are.
    pub(crate) fn drop_account_secrets(&mut self) -> Result<(), VaultError> {
        let open = self.own_open_factors()?.into_iter().map(|(id, _)| id);
        let sealed = self.list::<AccountSecret>()?.into_iter().map(|(id, _)| id);
        for id in open.chain(sealed).collect::<Vec<_>>() {
            self.delete(&id)?;
        }
        self.drop_open_session()
    }

    /// Takes the session out of the account's record, where an earlier version stored it.
    pub(crate) fn drop_open_session(&mut self) -> Result<(), VaultError> {
        for (id, account) in self.list::<AccountRecord>()? {
            if account.session.is_some() {
                self.put(&id, &AccountRecord { session: None, ..account })?;
                self.purge_overwritten();
            }
        }
        Ok(())
    }

    /// Lists the account's own second factors that are stored open, as an earlier version did.
    fn own_open_factors(&self) -> Result<Vec<(RecordId, OtpCredential)>, VaultError> {
        let mut own = Vec::new();
        for (id, otp) in self.list::<OtpCredential>()? {
            if self.is_own_factor(&otp)? {
                own.push((id, otp));
            }
        }
        Ok(own)
    }

    /// Tells whether a one-time password is a second factor of the account that this wallet knows.
    pub(crate) fn is_own_factor(&self, otp: &OtpCredential) -> Result<bool, VaultError> {
        let Some((_, account)) = self.list::<AccountRecord>()?.pop() else { return Ok(false) };
        let settings = self.list::<Setting>()?;
        Ok(is_factor_of(otp, &account.handle, &account.issuer_address, &settings))
    }

    /// Stores the issuer's name in authenticators, by which its second factors are known.
    pub(crate) fn learn_issuer_name(&mut self, name: &str) -> Result<(), VaultError> {
        let known = self.list::<Setting>()?.into_iter().find(|(_, it)| it.name == ISSUER_NAME);
        if name == known.as_ref().map_or(DEFAULT_ISSUER, |(_, it)| it.value.as_str()) {
            return Ok(());
        }
        let id = known.map_or_else(|| RecordId::make(self.random), |(id, _)| Ok(id))?;
        self.put(&id, &Setting { name: ISSUER_NAME.into(), value: name.into() })
    }
}

/// Tells whether a one-time password is a second factor of an account: it names issuer and handle. The issuer may go by the
/// name that a wallet with these settings has learned.
pub(crate) fn is_factor_of(
    otp: &OtpCredential,
    handle: &str,
    issuer_address: &str,
    settings: &[(RecordId, Setting)],
) -> bool {
    let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
    if !matches!(otp.kind, OtpKind::Totp(_)) || !same(&otp.account, handle) {
        return false;
    }
    let host = issuer_address.split_once("://").map_or("", |(_, host)| host);
    let learned = settings.iter().find(|(_, it)| it.name == ISSUER_NAME);
    let learned = learned.map_or("", |(_, it)| it.value.as_str());
    let mut names = [DEFAULT_ISSUER, host, learned].into_iter().filter(|name| !name.is_empty());
    names.any(|name| same(name, &otp.issuer))
}

impl AccountSecret {
    /// Opens the secret; an error if another lock's key sealed it, or another record's.
    pub(crate) fn open(
        &self,
        vault: &VaultId,
        id: &RecordId,
        lock: &OpenLock,
    ) -> Result<SecretBytes, VaultError> {
        let (salt, sealed) = self
            .sealed
            .split_first()
            .and_then(|(_, rest)| rest.split_first_chunk::<16>())
            .ok_or(VaultError::Corrupt)?;
        let name = name(self.purpose);
        let key = OneTimeKey::derive(lock.key().expose(), salt, &[name, id.as_bytes()]);
        let aad = [name, vault.as_bytes(), id.as_bytes()].concat();
        Ok(key.open(&aad, sealed).map_err(|_| VaultError::PaymentsLocked)?.into())
    }
}

pub(super) fn seal(
    lock: &OpenLock,
    vault: &VaultId,
    id: &RecordId,
    purpose: SecretPurpose,
    secret: &[u8],
    random: &dyn Random,
) -> Result<Vec<u8>, VaultError> {
    let name = name(purpose);
    let mut salt = [0; 16];
    random.fill(&mut salt)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(secret.len() + TAG));
    bytes.extend_from_slice(secret);
    bytes.extend_from_slice(&[0; TAG]);
    let aad = [name, vault.as_bytes(), id.as_bytes()].concat();
    OneTimeKey::derive(lock.key().expose(), &salt, &[name, id.as_bytes()])
        .seal(&aad, &mut bytes)?;
    Ok([&[1][..], &salt, &bytes].concat())
}

fn name(purpose: SecretPurpose) -> &'static [u8] {
    match purpose {
        SecretPurpose::Session => b"tegata/v1/session",
        SecretPurpose::OwnFactor => b"tegata/v1/factor",
    }
}

impl PaymentUnlock {
    /// The lock that this token holds open, if it is of one.
    pub(crate) fn open_lock(&self) -> Option<&Arc<OpenLock>> {
        self.0.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::super::kinds::tests::to_hex;
    use super::super::lock_key::LockKey;
    use super::super::vectors::FixedRandom;
    use super::*;

    /// Computed apart, in Python.
    #[test]
    fn secrets_under_the_lock_are_frozen() {
        let vault = VaultId::new([2; 16]);
        let id = RecordId::new([3; 16]).unwrap();
        let lock = OpenLock::new(id, LockKey::new(&[0x4c; 32]));
        for (purpose, expected) in [
            (
                SecretPurpose::Session,
                "010404040404040404040404040404040419cfe783994911f245f7a9d38e7854a46a898f950c0e1bd58a",
            ),
            (
                SecretPurpose::OwnFactor,
                "01040404040404040404040404040404045f617787ddba30784ad1e844d79b153090ab704d9b664e117a",
            ),
        ] {
            let salt = FixedRandom::new(&[4; 16]);
            let sealed = seal(&lock, &vault, &id, purpose, b"a session", &salt).unwrap();
            assert_eq!(to_hex(&sealed), expected);
            let secret = AccountSecret { purpose, sealed };
            assert_eq!(secret.open(&vault, &id, &lock).unwrap().expose(), b"a session");
            let refused = |secret: &AccountSecret, vault: VaultId, id: [u8; 16], key: u8| {
                let id = RecordId::new(id).unwrap();
                let lock = OpenLock::new(id, LockKey::new(&[key; 32]));
                secret.open(&vault, &id, &lock).unwrap_err() == VaultError::PaymentsLocked
            };
            assert!(refused(&secret, VaultId::new([9; 16]), [3; 16], 0x4c));
            assert!(refused(&secret, vault, [9; 16], 0x4c));
            assert!(refused(&secret, vault, [3; 16], 0x4d));
            let other = match purpose {
                SecretPurpose::Session => SecretPurpose::OwnFactor,
                SecretPurpose::OwnFactor => SecretPurpose::Session,
            };
            let other = AccountSecret { purpose: other, sealed: secret.sealed.clone() };
            assert!(refused(&other, vault, [3; 16], 0x4c));
            for at in 1..secret.sealed.len() {
                let mut changed = secret.clone();
                changed.sealed[at] ^= 1;
                assert!(refused(&changed, vault, [3; 16], 0x4c), "byte {at}");
            }
        }
    }
}
