//! The session and the account's own second factor: sealed under the payment lock, or in memory where there is none.

use super::error::Error;
use super::memory_secrets::MemorySecrets;
use super::open::Wallet;
use super::profile::AccountProfile;
use crate::SecretBytes;
use crate::protocol::SessionToken;
use crate::vault::{
    self, AccountRecord, AccountSecret, LockState, OpenLock, OtpCredential, PaymentUnlock,
    RecordId, SecretPurpose, Setting, Transaction, VaultError, is_factor_of,
};

/// The session, and the record that it is in; none if it is in memory or where an earlier version stored it.
pub(super) struct OpenSession {
    pub(super) token: SessionToken,
    pub(super) record: Option<RecordId>,
}

impl Wallet {
    /// Gives the session.
    ///
    /// # Errors
    /// `PaymentsLocked` if there may be one and the lock is closed; `NotLoggedIn`.
    pub(super) fn session(&self) -> Result<OpenSession, Error> {
        let open = match self.vault.lock_state()? {
            LockState::None if self.memory.session.is_some() => self.memory.session.clone(),
            LockState::None => match self.stored_open_session()? {
                Some(session) => Some(token(&session)?),
                None => None,
            },
            LockState::Closed if self.has_session()? => return Err(Error::PaymentsLocked),
            LockState::Closed => None,
            LockState::Open(lock) => match self.sealed_sessions()?.pop() {
                Some((id, secret)) => {
                    let token = token(&secret.open(self.vault.id(), &id, &lock)?)?;
                    return Ok(OpenSession { token, record: Some(id) });
                }
                None => None,
            },
        };
        let token = open.ok_or(Error::NotLoggedIn)?;
        Ok(OpenSession { token, record: None })
    }

    /// Refuses what brings a session while there is a payment lock that nobody holds open.
    pub(super) fn expect_open_lock(&self) -> Result<(), Error> {
        match self.vault.lock_state()? {
            LockState::Closed => Err(Error::PaymentsLocked),
            LockState::None | LockState::Open(_) => Ok(()),
        }
    }

    /// Tells whether there is a session, which the lock may have to be opened for.
    pub(super) fn has_session(&self) -> Result<bool, Error> {
        Ok(self.memory.session.is_some()
            || self.stored_open_session()?.is_some()
            || !self.sealed_sessions()?.is_empty())
    }

    /// Stores the account and its session in place of the one before.
    ///
    /// # Errors
    /// `PaymentsLocked` if the lock is closed.
    pub(super) fn store_session(
        &mut self,
        account: &AccountRecord,
        session: &SessionToken,
    ) -> Result<(), Error> {
        let lock = self.vault.lock_state()?;
        let open = match &lock {
            LockState::Closed => return Err(Error::PaymentsLocked),
            LockState::None => None,
            LockState::Open(lock) => Some(&**lock),
        };
        self.vault.transaction(|tx| {
            drop_sealed_sessions(tx)?;
            match tx.list::<AccountRecord>()?.pop() {
                Some((id, _)) => tx.put(&id, account)?,
                None => tx.add(account).map(drop)?,
            }
            if let Some(lock) = open {
                let id = RecordId::make(tx.random()).map_err(VaultError::from)?;
                let token = session.expose().as_bytes();
                tx.put_secret(&id, lock, SecretPurpose::Session, token)?;
                tx.move_under_lock(lock)?;
            }
            tx.purge_overwritten();
            Ok::<_, VaultError>(())
        })?;
        self.memory.session = open.is_none().then(|| session.clone());
        Ok(())
    }

    /// Drops the session, wherever it is. Needs no open lock.
    pub(super) fn discard_session(&mut self) -> Result<(), Error> {
        self.vault.transaction(|tx| {
            drop_sealed_sessions(tx)?;
            tx.drop_open_session()
        })?;
        self.memory.session = None;
        Ok(())
    }

    /// Drops the session that was sent, from this record; one of a log-in since then stays.
    pub(super) fn discard_sent_session(
        &mut self,
        sent: &SessionToken,
        record: Option<RecordId>,
    ) -> Result<(), Error> {
        let is_sent = |stored: &[u8]| stored == sent.expose().as_bytes();
        if self.memory.session.as_ref().is_some_and(|it| is_sent(it.expose().as_bytes())) {
            self.memory.session = None;
        }
        let open = self.stored_open_session()?.is_some_and(|it| is_sent(it.expose()));
        self.vault.transaction(|tx| {
            if open {
                tx.drop_open_session()?;
            }
            if let Some(id) = record {
                tx.delete(&id)?;
            }
            Ok::<_, Error>(())
        })
    }

    /// Moves under the lock that was just opened or made what is in memory, and what an earlier version stored open.
    pub(super) fn move_under_lock(&mut self, unlock: &PaymentUnlock) -> Result<(), Error> {
        let Some(lock) = unlock.open_lock() else { return Ok(()) };
        let memory = &self.memory;
        self.vault.transaction(|tx| {
            if let Some(session) = &memory.session {
                // Newer than whatever is stored.
                drop_sealed_sessions(tx)?;
                tx.drop_open_session()?;
                let id = RecordId::make(tx.random()).map_err(VaultError::from)?;
                tx.put_secret(&id, lock, SecretPurpose::Session, session.expose().as_bytes())?;
            }
            for (id, factor) in &memory.factors {
                tx.put_secret(id, lock, SecretPurpose::OwnFactor, &vault::encode(factor)?)?;
            }
            tx.move_under_lock(lock)
        })?;
        self.memory = MemorySecrets::default();
        Ok(())
    }

    /// Takes into memory what is under a lock that is about to be removed, and gives it.
    pub(super) fn secrets_under(&self, lock: &OpenLock) -> Result<MemorySecrets, Error> {
        let session = match self.sealed_sessions()?.pop() {
            Some((id, secret)) => Some(token(&secret.open(self.vault.id(), &id, lock)?)?),
            None => None,
        };
        Ok(MemorySecrets { session, factors: self.sealed_factors(lock)? })
    }

    /// Stores a second factor of the account: under the lock, or in memory where there is none.
    ///
    /// # Errors
    /// `PaymentsLocked` if the lock is closed; `Invalid` for values out of range.
    pub(super) fn keep_own_factor(&mut self, factor: &OtpCredential) -> Result<RecordId, Error> {
        let data = vault::encode(factor)?;
        let lock = self.vault.lock_state()?;
        let id = self.vault.transaction(|tx| {
            let id = RecordId::make(tx.random()).map_err(VaultError::from)?;
            match &lock {
                LockState::Closed => return Err(Error::PaymentsLocked),
                LockState::None => {}
                LockState::Open(lock) => {
                    tx.put_secret(&id, lock, SecretPurpose::OwnFactor, &data)?;
                }
            }
            Ok(id)
        })?;
        if matches!(lock, LockState::None) {
            self.memory.factors.push((id, factor.clone()));
        }
        Ok(id)
    }

    /// Refuses to make this account the wallet's while a second factor of it is among the one-time passwords, where it would
    /// go under the lock with no recovery code typed back. One that an earlier version stored beside its account may.
    ///
    /// # Errors
    /// `OwnFactor`.
    pub(super) fn expect_no_stored_factor(&self, account: &AccountProfile) -> Result<(), Error> {
        let handle = account.handle.address();
        let issuer = account.issuer.as_str();
        let known = self.vault.list::<AccountRecord>()?.pop();
        if known.is_some_and(|(_, it)| it.handle == handle && it.issuer_address == issuer) {
            return Ok(());
        }
        let settings = self.vault.list::<Setting>()?;
        let all = self.vault.list::<OtpCredential>()?;
        let is_stored = all.iter().any(|(_, otp)| is_factor_of(otp, handle, issuer, &settings));
        if is_stored { Err(Error::OwnFactor) } else { Ok(()) }
    }

    /// Gives the account's own second factor with this id; none for any other record.
    ///
    /// # Errors
    /// `PaymentsLocked` if it is under a closed lock.
    pub(super) fn own_factor(&self, id: &RecordId) -> Result<Option<OtpCredential>, Error> {
        if let Some((_, factor)) = self.own_factors()?.into_iter().find(|(own, _)| own == id) {
            return Ok(Some(factor));
        }
        if self.is_sealed_factor(id)? { Err(Error::PaymentsLocked) } else { Ok(None) }
    }

    /// Refuses an own second factor, whether or not the lock is open.
    pub(super) fn refuse_own_factor(&self, id: &RecordId) -> Result<(), Error> {
        let is_own = self.is_sealed_factor(id)? || self.memory.factors.iter().any(|it| it.0 == *id);
        if is_own { Err(own_factor_stays()) } else { Ok(()) }
    }

    /// Removes an own second factor, and tells whether it was one.
    pub(super) fn remove_own_factor(&mut self, id: &RecordId) -> Result<bool, Error> {
        let before = self.memory.factors.len();
        self.memory.factors.retain(|(own, _)| own != id);
        if self.memory.factors.len() < before {
            return Ok(true);
        }
        if !self.is_sealed_factor(id)? {
            return Ok(false);
        }
        Ok(self.vault.delete(id)?)
    }

    fn is_sealed_factor(&self, id: &RecordId) -> Result<bool, Error> {
        let all = self.vault.list::<AccountSecret>()?;
        Ok(all.iter().any(|(own, it)| own == id && it.purpose == SecretPurpose::OwnFactor))
    }

    /// Lists the account's own second factors that can be used now: those in memory, and under an open lock.
    pub(super) fn own_factors(&self) -> Result<Vec<(RecordId, OtpCredential)>, Error> {
        match self.vault.lock_state()? {
            LockState::None => Ok(self.memory.factors.clone()),
            LockState::Closed => Ok(Vec::new()),
            LockState::Open(lock) => self.sealed_factors(&lock),
        }
    }

    fn sealed_factors(&self, lock: &OpenLock) -> Result<Vec<(RecordId, OtpCredential)>, Error> {
        let all = self.vault.list::<AccountSecret>()?.into_iter();
        all.filter(|(_, secret)| secret.purpose == SecretPurpose::OwnFactor)
            .map(|(id, secret)| {
                let data = secret.open(self.vault.id(), &id, lock)?;
                Ok((id, vault::decode(data.expose())?.ok_or(Error::Corrupt)?))
            })
            .collect()
    }

    fn sealed_sessions(&self) -> Result<Vec<(RecordId, AccountSecret)>, Error> {
        let all = self.vault.list::<AccountSecret>()?.into_iter();
        Ok(all.filter(|(_, secret)| secret.purpose == SecretPurpose::Session).collect())
    }

    fn stored_open_session(&self) -> Result<Option<SecretBytes>, Error> {
        let account = self.vault.list::<AccountRecord>()?.pop();
        Ok(account.and_then(|(_, account)| account.session))
    }
}

/// Stores a one-time password of another service. The account's own second factor comes in by
/// [`keep_own_factor`](Wallet::keep_own_factor) alone.
pub(super) fn add_otp(
    tx: &mut Transaction<'_>,
    credential: &OtpCredential,
) -> Result<RecordId, Error> {
    if tx.is_own_factor(credential)? { Err(Error::OwnFactor) } else { Ok(tx.add(credential)?) }
}

/// Refuses a one-time password that is a second factor of this wallet's account: none leaves the wallet.
pub(super) fn refuse_own_factor(
    tx: &Transaction<'_>,
    credential: &OtpCredential,
) -> Result<(), Error> {
    if tx.is_own_factor(credential)? { Err(own_factor_stays()) } else { Ok(()) }
}

/// The refusal to let the account's own second factor out.
pub(super) fn own_factor_stays() -> Error {
    Error::Invalid(
        "the account's own second factor does not leave this wallet: enrol one on the other device"
            .into(),
    )
}

fn drop_sealed_sessions(tx: &mut Transaction<'_>) -> Result<(), VaultError> {
    for (id, _) in tx.secrets(SecretPurpose::Session)? {
        tx.delete(&id)?;
    }
    Ok(())
}

fn token(session: &SecretBytes) -> Result<SessionToken, Error> {
    let session = std::str::from_utf8(session.expose()).map_err(|_| Error::Corrupt)?;
    SessionToken::new(session).map_err(|_| Error::Corrupt)
}
