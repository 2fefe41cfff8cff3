//! Payment credentials: the next code, and the issuer's time.

use super::error::Error;
use super::open::Wallet;
use crate::UnixTime;
use crate::code::{
    Audience, ClockOffset, ClockStatus, CodeKeys, Counter, CredentialId, NextSlot, PaymentCode,
    Scheme, Seed, TillCard, next_slot,
};
use crate::text::check_plain;
use crate::vault::{PaymentCredential, PaymentUnlock, Provisioning, RecordId, UnlockMethod};

/// Payment credentials and the codes made from them.
#[derive(Debug)]
pub struct Payments<'w>(pub(super) &'w mut Wallet);

/// A payment credential to store.
#[derive(Clone, Debug)]
pub struct NewPaymentCredential {
    /// The issuer's id of the credential.
    pub credential: CredentialId,
    /// The name that the shopper sees: 1 to 128 bytes.
    pub label: String,
    /// The prefix and the alias period.
    pub scheme: Scheme,
    /// The secret, which goes in and never comes out.
    pub seed: Seed,
}

/// What can be shown of a payment credential: all but its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentCredentialInfo {
    /// The id of its record in this wallet.
    pub id: RecordId,
    /// The issuer's id of the credential.
    pub credential: CredentialId,
    /// The name that the shopper sees.
    pub label: String,
    /// The prefix and the alias period.
    pub scheme: Scheme,
    /// The counter of the last code that was shown, if one was.
    pub last: Option<Counter>,
    /// The difference between the device's clock and the issuer's.
    pub offset: ClockOffset,
}

/// The next code, or how long to wait for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextCode {
    /// A code that has not been shown before. Its counter is stored.
    Code(PaymentCode),
    /// All codes of the present time step are used up: seconds until there is another, 1 to 90.
    Wait(u64),
}

impl<'w> Payments<'w> {
    pub(super) fn new(wallet: &'w mut Wallet) -> Self {
        Self(wallet)
    }

    /// Opens the payment lock, if there is one; what comes back makes payment codes until it is dropped, and until then the
    /// session and the account's own second factor can be used. A PIN costs some hundred milliseconds of work by design;
    /// the rest costs nothing, but for what an earlier version stored open, which is moved under the lock.
    ///
    /// ```compile_fail
    /// # use tegata::{*, code::Audience, vault::RecordId};
    /// # fn no_code_without_leave(mut wallet: Wallet, id: RecordId) {
    /// wallet.payments().next_code(&id, Audience::AnyTill); // no leave of the lock, no code
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::WrongPin`], [`Error::PinBlocked`] after ten wrong ones in a row, [`Error::PaymentsLocked`] for a key that
    /// is not the one, [`Error::UnlockNotSet`]; [`Error::Failed`] and those of the keystore, after which no try is
    /// counted.
    pub fn unlock(&mut self, with: UnlockMethod<'_>) -> Result<PaymentUnlock, Error> {
        let unlock = self.0.vault.unlock(with)?;
        self.0.move_under_lock(&unlock)?;
        Ok(unlock)
    }

    /// Stores a credential, under the payment lock if there is one.
    ///
    /// # Errors
    /// [`Error::PaymentsLocked`]; [`Error::Invalid`] names the value that cannot be stored; [`Error::Failed`].
    pub fn add(
        &mut self,
        unlocked: &PaymentUnlock,
        new: &NewPaymentCredential,
    ) -> Result<RecordId, Error> {
        check_plain(&new.label, "the label")?;
        let credential =
            PaymentCredential::new(new.credential, new.label.clone(), new.scheme, new.seed.clone());
        Ok(self.0.vault.transaction(|tx| tx.add_payment(unlocked, credential))?)
    }

    /// Lists all payment credentials, by id.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn list(&self) -> Result<Vec<PaymentCredentialInfo>, Error> {
        let all = self.0.vault.list::<PaymentCredential>()?;
        Ok(all.into_iter().map(|(id, stored)| describe(id, stored)).collect())
    }

    /// Gives the payment credential with this id.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Corrupt`], [`Error::Failed`].
    pub fn get(&self, id: &RecordId) -> Result<PaymentCredentialInfo, Error> {
        let stored = self.0.vault.get(id)?.ok_or(Error::NotFound)?;
        Ok(describe(*id, stored))
    }

    /// Removes a payment credential.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none with this id.
    pub fn remove(&mut self, id: &RecordId) -> Result<(), Error> {
        self.0.remove::<PaymentCredential>(id)
    }

    /// Makes the next code, never one that was shown before: its counter is stored, durably, before this returns.
    ///
    /// Ask when the last one [needs a refresh](PaymentCode::needs_refresh), or whenever the shopper wants another. Costs one durable write.
    ///
    /// # Errors
    /// [`Error::PaymentsLocked`], [`Error::NotFound`], [`Error::Failed`]. No code is shown then, and none is lost.
    pub fn next_code(
        &mut self,
        unlocked: &PaymentUnlock,
        id: &RecordId,
        audience: Audience,
    ) -> Result<NextCode, Error> {
        let device = self.0.clock.now();
        self.0.vault.transaction(|tx| {
            let mut stored: PaymentCredential = tx.get(id)?.ok_or(Error::NotFound)?;
            let keys = CodeKeys::new(&unlocked.seed(tx.vault_id(), &stored)?);
            let now = stored.clock_offset.corrected(device, stored.last_counter);
            match next_slot(now, stored.last_counter, audience) {
                NextSlot::Wait(seconds) => Ok(NextCode::Wait(seconds)),
                NextSlot::Show(slot) => {
                    stored.last_counter = Some(slot.counter());
                    tx.put(id, &stored)?;
                    Ok(NextCode::Code(keys.derive(&stored.scheme, &slot)))
                }
            }
        })
    }

    /// Reads the card that a till shows and holds it to the key that came with this credential: what the shopper is
    /// shown before a code for that till alone is made, by [`Audience::OneTill`] of [`TillCard::till`].
    ///
    /// # Errors
    /// [`Error::TillCard`]; [`Error::NotFound`] if no key came with this credential, which its issuer has not provisioned.
    pub fn read_till_card(&self, id: &RecordId, text: &str) -> Result<TillCard, Error> {
        let provisioning = self.0.vault.list::<Provisioning>()?.pop().map(|(_, it)| it);
        let its = provisioning.filter(|it| it.credential.as_ref() == Some(id));
        let key = its.and_then(|it| it.till_card_key).ok_or(Error::NotFound)?;
        Ok(TillCard::read(text, &key)?)
    }

    /// Takes the issuer's time from an answer it gave just now, so that codes are right on a device whose clock is not.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Failed`].
    pub fn learn_issuer_time(
        &mut self,
        id: &RecordId,
        issuer: UnixTime,
    ) -> Result<ClockOffset, Error> {
        let offset = ClockOffset::learn(issuer, self.0.clock.now());
        self.0.vault.transaction(|tx| {
            let mut stored: PaymentCredential = tx.get(id)?.ok_or(Error::NotFound)?;
            // A counter from the future was shown by a wrong clock and accepted by nobody. Kept, it would read as if
            // the clock had been set back since.
            let last = stored.last_counter.filter(|last| !last.is_far_ahead(issuer));
            if (stored.clock_offset, stored.last_counter) != (offset, last) {
                (stored.clock_offset, stored.last_counter) = (offset, last);
                tx.put(id, &stored)?;
            }
            Ok(offset)
        })
    }
}

impl PaymentCredentialInfo {
    /// Gives the time that its codes are made by, when the device's clock says `device`.
    #[must_use]
    pub fn time(&self, device: UnixTime) -> UnixTime {
        self.offset.corrected(device, self.last)
    }

    /// Tells whether the device's clock is right, when it says `device`.
    #[must_use]
    pub fn clock_status(&self, device: UnixTime) -> ClockStatus {
        self.offset.status(device, self.last)
    }
}

fn describe(id: RecordId, stored: PaymentCredential) -> PaymentCredentialInfo {
    PaymentCredentialInfo {
        id,
        credential: stored.credential,
        label: stored.label,
        scheme: stored.scheme,
        last: stored.last_counter,
        offset: stored.clock_offset,
    }
}
