//! The payment lock, which an open vault needs opened before it makes a payment code.
//!
//! Under it each payment seed is sealed a second time, under the lock's key L. The vault stores L wrapped under a PIN,
//! under a key that the host keeps behind a biometric prompt, or under both. [`PaymentUnlock`] holds L, and no seed is
//! opened without it.

use std::fmt;
use std::sync::Arc;

use super::error::FieldOutOfRange;
use super::kinds::{AccountSecret, PaymentLock, PaymentSeed, Provisioning, QueuedMessage};
use super::lock_key::{LockKey, PinWrapping};
use super::open_lock::OpenLock;
use super::pin;
use super::{Argon2Params, PaymentCredential, RecordId, Transaction, Vault, VaultError, VaultId};
use crate::Secret;
use crate::code::Seed;

/// Wrong PINs in a row after which the PIN opens nothing any more.
pub const MAX_PIN_TRIES: u32 = 10;

/// A way of unlocking payments, with its secret.
#[derive(Clone, Copy)]
pub enum UnlockMethod<'a> {
    /// The PIN as it was typed: digits of any script, with or without spaces and hyphens.
    Pin(&'a [u8]),
    /// The 32 bytes that the host keeps behind a biometric prompt.
    Key(&'a [u8]),
}

/// The unlock token: payment codes are made with it and with nothing else, and only the payment lock gives it.
///
/// It holds the lock's key. Drop it to lock again, as when the app leaves the screen.
///
/// ```
/// # use std::sync::Arc;
/// # let folder = tempfile::tempdir()?;
/// # let random = Arc::new(tegata::SystemRandom::new());
/// # let params = tegata::vault::Argon2Params::new(8, 1, 1)?;
/// # let key = folder.path().join("key");
/// # let keystore = tegata::vault::SoftwareKeystore::create(&key, b"passphrase", params, random.clone())?;
/// # let clock = Arc::new(tegata::SystemClock);
/// # let device = tegata::Device { keystore: Arc::new(keystore), anchor: None, clock, random };
/// # let mut wallet = tegata::Wallet::create(&folder.path().join("wallet"), &device)?;
/// # let id = wallet.payments().add(&tegata::vault::PaymentUnlock::without_lock(), &tegata::NewPaymentCredential {
/// #     credential: tegata::code::CredentialId([1; 16]),
/// #     label: "Corner shop".into(),
/// #     scheme: tegata::code::Scheme { prefix: "4960".parse()?, alias_period: tegata::code::AliasPeriod::DAY },
/// #     seed: tegata::code::Seed::from_slice(&[7; 32]).ok_or("a seed has 32 bytes")?,
/// # })?;
/// use tegata::code::Audience;
/// use tegata::vault::{Argon2Params, PaymentUnlock, UnlockMethod};
///
/// let mut unlock = PaymentUnlock::without_lock();
/// wallet.payments().set_pin(&mut unlock, b"739164", Argon2Params::PHONE)?;
/// drop(unlock);
///
/// let wrong = wallet.payments().unlock(UnlockMethod::Pin(b"915283"));
/// assert!(matches!(wrong, Err(tegata::Error::WrongPin { tries_left: 9 })));
/// let unlock = wallet.payments().unlock(UnlockMethod::Pin(b"739164"))?;
/// wallet.payments().next_code(&unlock, &id, Audience::AnyTill)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PaymentUnlock(pub(super) Option<Arc<OpenLock>>);

/// The ways of unlocking payments that are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockStatus {
    /// How many more wrong PINs are accepted before the PIN is blocked, if a PIN is set.
    pub pin_tries_left: Option<u32>,
    /// Whether a key of the host is set.
    pub key: bool,
}

impl PaymentUnlock {
    /// The token of a vault without a payment lock. It opens nothing that is locked.
    #[must_use]
    pub const fn without_lock() -> Self {
        Self(None)
    }

    /// Opens the seed of a credential of this vault.
    pub(crate) fn seed(
        &self,
        vault: &VaultId,
        credential: &PaymentCredential,
    ) -> Result<Seed, VaultError> {
        match (&credential.seed, &self.0) {
            (PaymentSeed::Open(seed), _) => Ok(seed.clone()),
            (PaymentSeed::Locked(_), None) => Err(VaultError::PaymentsLocked),
            (PaymentSeed::Locked(sealed), Some(open)) => open
                .key()
                .open_seed(vault, &credential.credential.0, sealed)
                .and_then(|seed| Seed::from_slice(seed.expose()))
                .ok_or(VaultError::PaymentsLocked),
        }
    }
}

impl Vault {
    /// Reads which ways of unlocking are set, or `None` if payments are not locked. Decrypts every record.
    pub(crate) fn lock_status(&self) -> Result<Option<LockStatus>, VaultError> {
        Ok(self.find_lock()?.map(|(_, lock)| LockStatus {
            pin_tries_left: lock
                .pin
                .is_some()
                .then(|| MAX_PIN_TRIES.saturating_sub(self.failed_tries(&lock))),
            key: lock.key.is_some(),
        }))
    }

    /// Opens the payment lock. A PIN costs one Argon2id, one call into the keystore and two writes of the anchor; the
    /// first two twice if it was not typed as plain digits and is not the one.
    ///
    /// # Errors
    /// `WrongPin`, `PinBlocked`, `PaymentsLocked` for a key that is not the one, `UnlockNotSet`; those of the keystore,
    /// after which no try is counted; those of the anchor, or `Storage`, if the try could not be counted.
    pub(crate) fn unlock(&mut self, with: UnlockMethod<'_>) -> Result<PaymentUnlock, VaultError> {
        let (id, lock) = self.find_lock()?.ok_or(VaultError::UnlockNotSet)?;
        let key = match with {
            UnlockMethod::Pin(pin) => self.unlock_with_pin(pin, id, lock)?,
            UnlockMethod::Key(key) => {
                let wrapping = lock.key.ok_or(VaultError::UnlockNotSet)?;
                let key = host_key(key)?;
                LockKey::unwrap_with(&wrapping, self.id(), &key)
                    .ok_or(VaultError::PaymentsLocked)?
            }
        };
        Ok(PaymentUnlock(Some(self.hold_open(id, key))))
    }

    /// Makes the token's part, and knows from now on that the lock is open: for as long as this token or a clone of it
    /// lives, since one of an earlier unlock may be left over.
    fn hold_open(&mut self, lock: RecordId, key: LockKey) -> Arc<OpenLock> {
        let open = Arc::new(OpenLock::new(lock, key));
        self.open_lock = Arc::downgrade(&open);
        open
    }

    fn unlock_with_pin(
        &mut self,
        pin: &[u8],
        id: RecordId,
        lock: PaymentLock,
    ) -> Result<LockKey, VaultError> {
        let wrapping = lock.pin.clone().ok_or(VaultError::UnlockNotSet)?;
        let tries = self.failed_tries(&lock);
        if tries >= MAX_PIN_TRIES {
            return self.block_pin(id, lock);
        }
        // Counted before it is compared: stopping the program in between uses up the try.
        self.set_failed_tries(id, &lock, tries + 1)?;
        match self.unwrap_lock_key(&wrapping, pin) {
            Ok(Some(key)) => {
                // A count that stays too high is corrected by the next write.
                let _ = self.set_failed_tries(id, &lock, 0);
                Ok(key)
            }
            Ok(None) if tries + 1 >= MAX_PIN_TRIES => self.block_pin(id, lock),
            Ok(None) => Err(VaultError::WrongPin { tries_left: MAX_PIN_TRIES - (tries + 1) }),
            Err(error) => {
                // Nothing was compared.
                let _ = self.set_failed_tries(id, &lock, tries);
                Err(error)
            }
        }
    }

    /// Tries a PIN in the form that new ones are stored in, and then as it was typed: an earlier version stored that.
    fn unwrap_lock_key(
        &self,
        wrapping: &PinWrapping,
        typed: &[u8],
    ) -> Result<Option<LockKey>, VaultError> {
        let keystore = &*self.device.keystore;
        let pin = pin::normalize(typed);
        let opened = LockKey::unwrap(wrapping, self.id(), &pin, keystore)?;
        if opened.is_some() || *pin == *typed {
            return Ok(opened);
        }
        LockKey::unwrap(wrapping, self.id(), typed, keystore)
    }

    fn block_pin<T>(&mut self, id: RecordId, lock: PaymentLock) -> Result<T, VaultError> {
        self.put(&id, &PaymentLock { pin: None, failed_pin_tries: 0, ..lock })?;
        Err(VaultError::PinBlocked)
    }

    /// Sets the PIN or changes it, whatever it was; locks payments if they were not. Costs one Argon2id, and one
    /// sealing for each payment credential if they were not locked.
    ///
    /// # Errors
    /// `WeakPin`; `PaymentsLocked` if `unlocked` is not of this lock; those of keystore and anchor; `Storage`, `Random`.
    pub(crate) fn set_pin(
        &mut self,
        unlocked: &mut PaymentUnlock,
        pin: &[u8],
        params: Argon2Params,
    ) -> Result<(), VaultError> {
        self.store_pin(unlocked, &pin::check_new(pin)?, params)
    }

    /// Sets the PIN without looking at how good it is.
    pub(super) fn store_pin(
        &mut self,
        unlocked: &mut PaymentUnlock,
        pin: &[u8],
        params: Argon2Params,
    ) -> Result<(), VaultError> {
        let device = self.device.clone();
        // Before the new PIN is stored: a crash in between must not leave it with the tries of an old one. But only
        // with a valid token: setting a new PIN must not restore tries.
        if self.rollback_guard.failed_pin_tries() != 0 {
            self.transaction(|transaction| transaction.check_unlock(unlocked))?;
            self.rollback_guard.set_failed_pin_tries(0)?;
        }
        self.update_lock(unlocked, |vault, lock, key| {
            lock.pin = Some(key.wrap(vault, pin, params, &*device.keystore, &*device.random)?);
            lock.failed_pin_tries = 0;
            Ok(())
        })
    }

    /// Sets or changes the key that the host frees with a biometric prompt, beside a PIN.
    ///
    /// # Errors
    /// `PinRequired`; `PaymentsLocked` if `unlocked` is not of this lock; `OutOfRange` for a key that has not 32 bytes;
    /// `Storage`, `Random`.
    pub(crate) fn set_unlock_key(
        &mut self,
        unlocked: &mut PaymentUnlock,
        key: &[u8],
    ) -> Result<(), VaultError> {
        let host_key = host_key(key)?;
        let random = self.device.random.clone();
        self.update_lock(unlocked, |vault, lock, key| {
            if lock.pin.is_none() {
                return Err(VaultError::PinRequired);
            }
            lock.key = Some(key.wrap_under(vault, &host_key, &*random)?);
            Ok(())
        })
    }

    /// Forgets the host's key, as after the fingers that free it have changed. Needs no open lock, since it opens nothing.
    ///
    /// # Errors
    /// `UnlockNotSet` if there is none; `LastUnlockMethod` if the PIN was blocked and nothing else opens the lock.
    pub(crate) fn forget_unlock_key(&mut self) -> Result<(), VaultError> {
        let (id, mut lock) = self.find_lock()?.ok_or(VaultError::UnlockNotSet)?;
        if lock.key.take().is_none() {
            return Err(VaultError::UnlockNotSet);
        }
        if lock.pin.is_none() {
            return Err(VaultError::LastUnlockMethod);
        }
        self.put(&id, &lock)
    }

    /// Removes the payment lock: seeds are sealed by their records alone again, and the account's secrets are deleted.
    ///
    /// # Errors
    /// `PaymentsLocked` if `unlocked` is not of this lock; `Storage`, `Random`.
    pub(crate) fn remove_lock(&mut self, unlocked: &mut PaymentUnlock) -> Result<(), VaultError> {
        let Some(lock) = unlocked.0.as_ref().map(|open| *open.lock()) else { return Ok(()) };
        self.transaction(|transaction| {
            for (id, mut credential) in transaction.list::<PaymentCredential>()? {
                let seed = unlocked.seed(transaction.vault_id(), &credential)?;
                credential.seed = PaymentSeed::Open(seed);
                transaction.put(&id, &credential)?;
            }
            for (id, _) in transaction.list::<AccountSecret>()? {
                transaction.delete(&id)?;
            }
            if transaction.delete(&lock)? { Ok(()) } else { Err(VaultError::PaymentsLocked) }
        })?;
        *unlocked = PaymentUnlock(None);
        Ok(())
    }

    /// Drops the payment lock, all payment credentials, the session and the account's own second factor: the last resort
    /// when nothing opens the lock any more. The owner has to log in again. Stores a message that is to be sent first.
    ///
    /// # Errors
    /// `Storage`.
    pub(crate) fn drop_payments(
        &mut self,
        queued: Option<&QueuedMessage>,
    ) -> Result<(), VaultError> {
        self.transaction(|transaction| {
            transaction.drop_payments()?;
            if let Some(message) = queued {
                transaction.add(message)?;
            }
            Ok(())
        })
    }

    /// Applies `change` to the lock that `unlocked` opened, or to a new one.
    fn update_lock(
        &mut self,
        unlocked: &mut PaymentUnlock,
        change: impl FnOnce(&VaultId, &mut PaymentLock, &LockKey) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        let opened = self.transaction(|transaction| {
            let (mut lock, opened) = if let Some(opened) = unlocked.0.clone() {
                (transaction.get_opened(&opened)?, opened)
            } else {
                let (lock, opened) = transaction.create_lock()?;
                (lock, Arc::new(opened))
            };
            change(transaction.vault_id(), &mut lock, opened.key())?;
            transaction.put(opened.lock(), &lock)?;
            Ok::<_, VaultError>(opened)
        })?;
        self.open_lock = Arc::downgrade(&opened);
        *unlocked = PaymentUnlock(Some(opened));
        Ok(())
    }

    fn find_lock(&self) -> Result<Option<(RecordId, PaymentLock)>, VaultError> {
        Ok(self.list()?.pop())
    }

    fn failed_tries(&self, lock: &PaymentLock) -> u32 {
        if self.rollback_guard.has_anchor() {
            self.rollback_guard.failed_pin_tries()
        } else {
            lock.failed_pin_tries
        }
    }

    fn set_failed_tries(
        &mut self,
        id: RecordId,
        lock: &PaymentLock,
        tries: u32,
    ) -> Result<(), VaultError> {
        if self.rollback_guard.has_anchor() {
            self.rollback_guard.set_failed_pin_tries(tries)
        } else {
            self.put(&id, &PaymentLock { failed_pin_tries: tries, ..lock.clone() })
        }
    }
}

impl Transaction<'_> {
    /// Stores a new payment credential, under the lock if there is one.
    ///
    /// # Errors
    /// `PaymentsLocked` if `unlocked` is not of this vault's lock; those of [`add`](Self::add).
    pub(crate) fn add_payment(
        &mut self,
        unlocked: &PaymentUnlock,
        mut credential: PaymentCredential,
    ) -> Result<RecordId, VaultError> {
        // A seed under the key of a lock that is gone would be lost.
        self.check_unlock(unlocked)?;
        if let Some(opened) = &unlocked.0 {
            self.lock_seed(opened.key(), &mut credential)?;
        }
        self.add(&credential)
    }

    /// Drops the payment lock, the account's secrets, all payment credentials, and a request for one: its answer would
    /// be a credential whose last counter is unknown.
    pub(super) fn drop_payments(&mut self) -> Result<(), VaultError> {
        let payments = self.list::<PaymentCredential>()?.into_iter().map(|(id, _)| id);
        let locks = self.list::<PaymentLock>()?.into_iter().map(|(id, _)| id);
        let asked = self.list::<Provisioning>()?.into_iter().map(|(id, _)| id);
        for id in payments.chain(locks).chain(asked).collect::<Vec<_>>() {
            self.delete(&id)?;
        }
        self.drop_account_secrets()
    }

    /// Checks that the token is of the present lock, or that there is no lock.
    pub(crate) fn check_unlock(&self, unlocked: &PaymentUnlock) -> Result<(), VaultError> {
        match &unlocked.0 {
            Some(opened) => self.get_opened(opened).map(drop),
            None => self.expect_no_lock(),
        }
    }

    /// The lock that was opened, if it is still there.
    fn get_opened(&self, opened: &OpenLock) -> Result<PaymentLock, VaultError> {
        self.get(opened.lock())?.ok_or(VaultError::PaymentsLocked)
    }

    fn expect_no_lock(&self) -> Result<(), VaultError> {
        let none = self.list::<PaymentLock>()?.is_empty();
        if none { Ok(()) } else { Err(VaultError::PaymentsLocked) }
    }

    /// A new lock without a way to open it yet, all seeds under it.
    fn create_lock(&mut self) -> Result<(PaymentLock, OpenLock), VaultError> {
        self.expect_no_lock()?;
        let opened = OpenLock::new(RecordId::make(self.random)?, LockKey::make(self.random)?);
        for (id, mut credential) in self.list::<PaymentCredential>()? {
            self.lock_seed(opened.key(), &mut credential)?;
            self.put(&id, &credential)?;
        }
        Ok((PaymentLock { pin: None, key: None, failed_pin_tries: 0 }, opened))
    }

    /// Seals the seed of a credential under a lock's key.
    fn lock_seed(
        &self,
        key: &LockKey,
        credential: &mut PaymentCredential,
    ) -> Result<(), VaultError> {
        if let PaymentSeed::Open(seed) = &credential.seed {
            let seed = Secret::new(seed.expose());
            let id = &credential.credential.0;
            let sealed = key.seal_seed(self.vault_id(), id, &seed, self.random)?;
            credential.seed = PaymentSeed::Locked(sealed);
        }
        Ok(())
    }
}

fn host_key(bytes: &[u8]) -> Result<Secret<32>, VaultError> {
    let wrong = FieldOutOfRange { field: "the key of the payment lock", expected: "32 bytes" };
    Ok(Secret::from_slice(bytes).ok_or(wrong)?)
}

impl fmt::Debug for UnlockMethod<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pin(_) => "Pin([redacted])",
            Self::Key(_) => "Key([redacted])",
        })
    }
}

impl fmt::Debug for PaymentUnlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaymentUnlock([redacted])")
    }
}
