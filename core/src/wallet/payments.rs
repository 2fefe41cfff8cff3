//! The room of payment credentials: the next code, and what the clock is worth.

use super::{Error, Wallet};
use crate::UnixTime;
use crate::code::{
    Audience, ClockOffset, ClockStatus, CodeKeys, Counter, CredentialId, NextSlot, PaymentCode,
    Scheme, Seed, TillCard, next_slot,
};
use crate::vault::{PaymentCredential, PaymentUnlock, Provisioning, RecordId, UnlockMethod};

/// Payment credentials and the codes made from them.
#[derive(Debug)]
pub struct Payments<'w>(pub(super) &'w mut Wallet);

/// What an issuer provisions.
#[derive(Clone, Debug)]
pub struct NewPaymentCredential {
    /// The issuer's name for it.
    pub credential: CredentialId,
    /// Whose it is, as shown to the shopper: 1 to 128 bytes.
    pub label: String,
    /// Prefix and alias period.
    pub scheme: Scheme,
    /// The secret. Goes in and never comes out.
    pub seed: Seed,
}

/// A payment credential as it can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentCredentialInfo {
    /// Its record in this wallet.
    pub id: RecordId,
    /// The issuer's name for it.
    pub credential: CredentialId,
    /// Whose it is, as shown to the shopper.
    pub label: String,
    /// Prefix and alias period.
    pub scheme: Scheme,
    /// The last counter shown, if one was.
    pub last: Option<Counter>,
    /// What is known of the issuer's time.
    pub offset: ClockOffset,
}

/// What came of asking for a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextCode {
    /// A code that has not been shown before. Its counter is stored.
    Code(PaymentCode),
    /// All codes of this kind are used up for now: seconds until there is another, 1 to 90.
    Wait(u64),
}

impl<'w> Payments<'w> {
    pub(super) fn new(wallet: &'w mut Wallet) -> Self {
        Self(wallet)
    }

    /// Opens the payment lock, if there is one; what comes back makes payment codes until it is dropped. A PIN costs
    /// some hundred milliseconds of work by design; the rest costs nothing.
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
        Ok(self.0.vault.unlock(with)?)
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
        let credential =
            PaymentCredential::new(new.credential, new.label.clone(), new.scheme, new.seed.clone());
        Ok(self.0.vault.transaction(|tx| tx.add_payment(unlocked, credential))?)
    }

    /// All payment credentials, by id.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn list(&self) -> Result<Vec<PaymentCredentialInfo>, Error> {
        let all = self.0.vault.list::<PaymentCredential>()?;
        Ok(all.into_iter().map(|(id, stored)| describe(id, stored)).collect())
    }

    /// One payment credential.
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

    /// The next code, never one that was shown before: its counter is stored, durably, before this returns.
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
    /// The time that its codes are made by, when the device's clock says `device`.
    #[must_use]
    pub fn time(&self, device: UnixTime) -> UnixTime {
        self.offset.corrected(device, self.last)
    }

    /// What to tell the shopper about the device's clock.
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
