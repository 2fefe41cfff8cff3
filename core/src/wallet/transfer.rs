//! The room of moves: passes and one-time passwords that come from the owner's other phone, or go to it.

use super::{Error, Wallet};
use crate::hpke::ReceiverKey;
use crate::transfer::sealed_transfer::{SealedTransfer, TransferItem, pack, seal};
use crate::transfer::{TransferError, TransferNumber, TransferRequest};
use crate::vault::{self, OtpCredential, Pass, PaymentUnlock, RecordId, Transaction, VaultError};

/// A move to another phone, or from one. Payment credentials are provisioned anew there; here is no way for them.
#[derive(Debug)]
pub struct Transfer<'w>(&'w mut Wallet);

impl<'w> Transfer<'w> {
    pub(super) fn new(wallet: &'w mut Wallet) -> Self {
        Self(wallet)
    }

    /// On the new phone: what it shows to the old one. Its key is kept, sealed, until it is answered or given up; until
    /// then this is the same one again.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn request(&mut self) -> Result<TransferRequest, Error> {
        self.0.vault.transaction(|tx| {
            let (id, moving) = only(tx)?;
            if let Some(key) = &moving.pending_key {
                return Ok(TransferRequest::new(key.public()));
            }
            let key = ReceiverKey::make(tx.random()).map_err(VaultError::from)?;
            let request = TransferRequest::new(key.public());
            tx.put(&id, &vault::TransferState { pending_key: Some(key), ..moving })?;
            Ok(request)
        })
    }

    /// On the new phone: the request that waits for its answer, if one does.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn pending_request(&self) -> Result<Option<TransferRequest>, Error> {
        let kept = self.0.vault.list::<vault::TransferState>()?.pop();
        let key = kept.and_then(|(_, kept)| kept.pending_key);
        Ok(key.map(|key| TransferRequest::new(key.public())))
    }

    /// On the new phone: forgets the request that waits. What was sealed to it nobody can open any more. Does nothing if
    /// none waits.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn cancel_request(&mut self) -> Result<(), Error> {
        self.0.vault.transaction(|tx| {
            let (id, moving) = only(tx)?;
            if moving.pending_key.is_some() {
                tx.put(&id, &vault::TransferState { pending_key: None, ..moving })?;
            }
            Ok(())
        })
    }

    /// On the old phone: seals what was chosen to the new phone's request, and changes nothing here. `number` is what the
    /// new phone shows, as its owner typed it, or [`TransferRequest::number`] once she said that both are the same. The text
    /// fits into a QR code up to 2,123 bytes of records, and into a file whatever it is.
    ///
    /// # Errors
    /// [`Error::PaymentsLocked`] if `unlocked` is not of this wallet's payment lock; [`Error::Transfer`];
    /// [`Error::NotFound`] for an id of anything but a pass or a one-time password; [`Error::Failed`].
    pub fn seal(
        &mut self,
        unlocked: &PaymentUnlock,
        request: &TransferRequest,
        number: TransferNumber,
        chosen: &[RecordId],
    ) -> Result<String, Error> {
        if request.number()? != number {
            return Err(TransferError::NumberMismatch.into());
        }
        self.0.vault.transaction(|tx| {
            tx.check_unlock(unlocked)?;
            let all = chosen.iter().map(|id| belonging(tx, id)).collect::<Result<Vec<_>, _>>()?;
            let data = all.iter().map(TransferItem::encode).collect::<Result<Vec<_>, _>>()?;
            let sealed = seal(request, &pack(&data)?, tx.random());
            Ok(sealed.map_err(VaultError::from)?)
        })
    }

    /// On the new phone: stores what the old one gave, all of it or nothing, and forgets the key that it was sealed to.
    /// What is here already is left as it is.
    ///
    /// # Errors
    /// [`Error::Transfer`]; [`Error::Failed`]. Nothing is changed on any of them.
    pub fn receive(&mut self, text: &str) -> Result<Vec<RecordId>, Error> {
        let parcel = SealedTransfer::read(text)?;
        self.0.vault.transaction(|tx| {
            let (id, moving) = only(tx)?;
            if moving.answered == Some(*parcel.request()) {
                return Err(TransferError::AlreadyReceived.into());
            }
            let key = moving.pending_key.ok_or(TransferError::NoPendingRequest)?;
            if TransferRequest::new(key.public()).digest() != *parcel.request() {
                return Err(TransferError::WrongRecipient.into());
            }
            let all = parcel.open(&key)?;
            let stored = all.iter().map(|it| match it {
                TransferItem::Otp(credential) => tx.add(credential),
                TransferItem::Pass(pass) => tx.add(pass),
            });
            let stored = stored.collect::<Result<_, _>>()?;
            tx.put(
                &id,
                &vault::TransferState { pending_key: None, answered: Some(*parcel.request()) },
            )?;
            Ok(stored)
        })
    }
}

/// The record there is, or the place of the one to be.
fn only(tx: &Transaction<'_>) -> Result<(RecordId, vault::TransferState), Error> {
    if let Some(found) = tx.list::<vault::TransferState>()?.pop() {
        return Ok(found);
    }
    let id = RecordId::make(tx.random()).map_err(VaultError::from)?;
    Ok((id, vault::TransferState::default()))
}

fn belonging(tx: &Transaction<'_>, id: &RecordId) -> Result<TransferItem, Error> {
    match tx.get::<OtpCredential>(id) {
        Ok(Some(credential)) => Ok(TransferItem::Otp(credential)),
        Ok(None) => Err(Error::NotFound),
        Err(VaultError::WrongKind) => {
            let pass = tx.get::<Pass>(id)?.ok_or(Error::NotFound)?;
            Ok(TransferItem::Pass(pass))
        }
        Err(error) => Err(error.into()),
    }
}
