//! The payment lock, as a settings page sees it.

use super::error::Error;
use super::memory_secrets::MemorySecrets;
use super::payments::Payments;
use crate::vault::{Argon2Params, LockStatus, PaymentUnlock};

impl Payments<'_> {
    /// How payments can be unlock, or `None` if they are not locked.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn lock_status(&self) -> Result<Option<LockStatus>, Error> {
        Ok(self.0.vault.lock_status()?)
    }

    /// Sets the PIN, or changes it: 6 to 64 digits, and not among the first that anyone would try. Locks payments if they were not locked; `unlock` opens the new lock
    /// then. A guess at it costs one computation of `params` and one call into the keystore, and so does each right
    /// entry: [`Argon2Params::PHONE`] is made for that.
    ///
    /// # Errors
    /// [`Error::WeakPin`]; [`Error::PaymentsLocked`] if `unlock` is not of this lock; [`Error::Failed`] and those of
    /// the keystore, after which the PIN is what it was.
    pub fn set_pin(
        &mut self,
        unlock: &mut PaymentUnlock,
        pin: &[u8],
        params: Argon2Params,
    ) -> Result<(), Error> {
        self.0.vault.set_pin(unlock, pin, params)?;
        self.0.move_under_lock(unlock)
    }

    /// Sets or changes the key that the host keeps behind a biometric prompt, beside a PIN: 32 random bytes of the host's. It
    /// alone opens nothing: what it opens is in this wallet.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a PIN, and for a key that has not 32 bytes; otherwise as [`set_pin`](Self::set_pin).
    pub fn set_unlock_key(&mut self, unlock: &mut PaymentUnlock, key: &[u8]) -> Result<(), Error> {
        self.0.vault.set_unlock_key(unlock, key)?;
        self.0.move_under_lock(unlock)
    }

    /// Forgets the host's key, as after a change of the fingers that free it. The lock need not be open.
    ///
    /// # Errors
    /// [`Error::UnlockNotSet`]; [`Error::Invalid`] if the PIN was blocked and nothing else unlocks payments.
    pub fn forget_unlock_key(&mut self) -> Result<(), Error> {
        Ok(self.0.vault.forget_unlock_key()?)
    }

    /// Takes the lock away. Payments are open from then on; the session and the account's own second factor are in memory
    /// until the wallet is closed.
    ///
    /// # Errors
    /// [`Error::PaymentsLocked`] if `unlock` is not of this lock; [`Error::Failed`].
    pub fn remove_lock(&mut self, unlock: &mut PaymentUnlock) -> Result<(), Error> {
        let Some(lock) = unlock.open_lock().cloned() else { return Ok(()) };
        let secrets = self.0.secrets_under(&lock)?;
        self.0.vault.remove_lock(unlock)?;
        self.0.memory = secrets;
        Ok(())
    }

    /// Removes all payment credentials, the lock, the session, the account's own second factor and the device's key: the way
    /// out when PIN and finger are both lost. The issuer knows the device no longer: whoever goes on logs in with a second
    /// factor from elsewhere. The end of the device's sessions is queued:
    /// [`queued_request`](crate::Account::queued_request) goes out first at the next contact.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`]; those of the keystore. After an error of the keystore all may be removed and the
    /// device's key still there: it is destroyed before it signs anything else.
    pub fn remove_all(&mut self) -> Result<(), Error> {
        let queued = self.0.message_to_queue()?;
        self.0.vault.drop_payments(queued.as_ref())?;
        self.0.memory = MemorySecrets::default();
        self.0.replace_device_key()
    }
}
