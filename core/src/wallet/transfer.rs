//! Transfers of passes and one-time passwords from the owner's other phone, or to it.

use super::account_secrets::{add_otp, refuse_own_factor};
use super::error::Error;
use super::open::Wallet;
use crate::hpke::ReceiverKey;
use crate::transfer::sealed_transfer::{SealedTransfer, TransferItem, pack, seal};
use crate::transfer::{TransferError, TransferNumber, TransferRequest};
use crate::vault::{self, OtpCredential, Pass, PaymentUnlock, RecordId, Transaction, VaultError};

/// A transfer to another phone, or from one. It never contains payment credentials, which the issuer provisions there.
#[derive(Debug)]
pub struct Transfer<'w>(&'w mut Wallet);

impl<'w> Transfer<'w> {
    pub(super) fn new(wallet: &'w mut Wallet) -> Self {
        Self(wallet)
    }

    /// On the new phone: makes the request that it shows to the old one. Its key is kept, sealed, until records are
    /// received or it is cancelled; until then this gives the same request.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn request(&mut self) -> Result<TransferRequest, Error> {
        self.0.vault.transaction(|tx| {
            let (id, state) = only(tx)?;
            if let Some(key) = &state.pending_key {
                return Ok(TransferRequest::new(key.public()));
            }
            let key = ReceiverKey::make(tx.random()).map_err(VaultError::from)?;
            let request = TransferRequest::new(key.public());
            tx.put(&id, &vault::TransferState { pending_key: Some(key), ..state })?;
            Ok(request)
        })
    }

    /// On the new phone: gives the pending request, if there is one.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn pending_request(&self) -> Result<Option<TransferRequest>, Error> {
        let record = self.0.vault.list::<vault::TransferState>()?.pop();
        let key = record.and_then(|(_, state)| state.pending_key);
        Ok(key.map(|key| TransferRequest::new(key.public())))
    }

    /// On the new phone: forgets the pending request. Nobody can open what was sealed to it any more. Does nothing if
    /// there is none.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn cancel_request(&mut self) -> Result<(), Error> {
        self.0.vault.transaction(|tx| {
            let (id, state) = only(tx)?;
            if state.pending_key.is_some() {
                tx.put(&id, &vault::TransferState { pending_key: None, ..state })?;
            }
            Ok(())
        })
    }

    /// On the old phone: seals the selected records to the new phone's request, and changes nothing here. `number` is what the
    /// new phone shows, as its owner typed it, or [`TransferRequest::number`] once the owner said that both are the same. The text
    /// fits into a QR code up to 2,123 bytes of records, and into a file whatever it is.
    ///
    /// # Errors
    /// [`Error::PaymentsLocked`] if `unlock` is not of this wallet's payment lock; [`Error::Transfer`];
    /// [`Error::NotFound`] for an id of anything but a pass or a one-time password; [`Error::Invalid`] for the account's
    /// own second factor, which stays here; [`Error::Failed`].
    pub fn seal(
        &mut self,
        unlock: &PaymentUnlock,
        request: &TransferRequest,
        number: TransferNumber,
        ids: &[RecordId],
    ) -> Result<String, Error> {
        if request.number()? != number {
            return Err(TransferError::NumberMismatch.into());
        }
        for id in ids {
            self.0.refuse_own_factor(id)?;
        }
        self.0.vault.transaction(|tx| {
            tx.check_unlock(unlock)?;
            let all = ids.iter().map(|id| item(tx, id)).collect::<Result<Vec<_>, _>>()?;
            let data = all.iter().map(TransferItem::encode).collect::<Result<Vec<_>, _>>()?;
            let sealed = seal(request, &pack(&data)?, tx.random());
            Ok(sealed.map_err(VaultError::from)?)
        })
    }

    /// On the new phone: stores the records that the old one sealed, all of them or none, and forgets the key that they
    /// were sealed to. Records that are here already stay as they are.
    ///
    /// # Errors
    /// [`Error::Transfer`]; [`Error::OwnFactor`] if a second factor of this wallet's account is among them: the old phone
    /// leaves it out; [`Error::Failed`]. None of them changes anything.
    pub fn receive(&mut self, text: &str) -> Result<Vec<RecordId>, Error> {
        let sealed = SealedTransfer::read(text)?;
        self.0.vault.transaction(|tx| {
            let (id, state) = only(tx)?;
            if state.answered == Some(*sealed.request()) {
                return Err(TransferError::AlreadyReceived.into());
            }
            let key = state.pending_key.ok_or(TransferError::NoPendingRequest)?;
            if TransferRequest::new(key.public()).digest() != *sealed.request() {
                return Err(TransferError::WrongRecipient.into());
            }
            let all: Vec<_> =
                sealed.open(&key)?.into_iter().map(TransferItem::into_plain).collect();
            let stored = all.iter().map(|it| match it {
                TransferItem::Otp(credential) => add_otp(tx, credential),
                TransferItem::Pass(pass) => Ok(tx.add(pass)?),
            });
            let stored = stored.collect::<Result<_, Error>>()?;
            tx.put(
                &id,
                &vault::TransferState { pending_key: None, answered: Some(*sealed.request()) },
            )?;
            Ok(stored)
        })
    }
}

/// Gives the only record of this kind, or a new one.
fn only(tx: &Transaction<'_>) -> Result<(RecordId, vault::TransferState), Error> {
    if let Some(found) = tx.list::<vault::TransferState>()?.pop() {
        return Ok(found);
    }
    let id = RecordId::make(tx.random()).map_err(VaultError::from)?;
    Ok((id, vault::TransferState::default()))
}

fn item(tx: &Transaction<'_>, id: &RecordId) -> Result<TransferItem, Error> {
    match tx.get::<OtpCredential>(id) {
        Ok(Some(credential)) => {
            refuse_own_factor(tx, &credential)?;
            Ok(TransferItem::Otp(credential))
        }
        Ok(None) => Err(Error::NotFound),
        Err(VaultError::WrongKind) => {
            let pass = tx.get::<Pass>(id)?.ok_or(Error::NotFound)?;
            Ok(TransferItem::Pass(pass))
        }
        Err(error) => Err(error.into()),
    }
}
