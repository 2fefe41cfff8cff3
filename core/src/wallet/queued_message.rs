//! The message that goes out first: the end of the sessions of a device whose key was destroyed.
//!
//! It is signed while the key is still there, and stored in the transaction that drops the payment lock. Then the key is
//! destroyed. A wallet that was stopped in between destroys it before it signs anything else: as long as the message is
//! stored, its body says which key that is.

use super::account::Account;
use super::error::Error;
use super::open::Wallet;
use super::profile::AccountProfile;
use super::request::{FollowUp, OutgoingRequest, PendingRequest};
use crate::protocol::{Acknowledgement, EndDeviceSessions, Envelope, Request};
use crate::vault::{AccountRecord, QueuedMessage, RecordId, VaultError};

impl Account<'_> {
    /// Gives the request that has to go out before any other: after the payment lock was dropped, it ends the sessions of the
    /// device that this wallet was. Complete it like any request, and ask again until there is none.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`]; those of the keystore.
    pub fn queued_request(&self) -> Result<Option<PendingRequest<Acknowledgement>>, Error> {
        self.0.finish_key_replacement()?;
        let Some((id, stored)) = self.0.vault.list::<QueuedMessage>()?.pop() else {
            return Ok(None);
        };
        let message = parse(&stored)?;
        let profile = AccountProfile {
            handle: message.handle,
            issuer: stored.issuer_address.parse().map_err(|_| Error::Corrupt)?,
            device_name: stored.device_name.try_into().map_err(|_| Error::Corrupt)?,
        };
        let request = Request::<EndDeviceSessions>::signed_before(&stored.body, stored.signature);
        let request = request.ok_or(Error::Corrupt)?;
        let then = FollowUp::ForgetMessage(id);
        let envelope = Envelope::from(request);
        // The key that signed it is gone: it is not signed again, and the issuer does not ask for that.
        let is_signed_again = true;
        Ok(Some(PendingRequest::new(OutgoingRequest {
            profile,
            envelope,
            session: None,
            then,
            answer_key: None,
            is_signed_again,
        })))
    }
}

impl Wallet {
    /// Signs the message that ends this device's sessions; none without an account, or without a key that could sign.
    pub(super) fn message_to_queue(&mut self) -> Result<Option<QueuedMessage>, Error> {
        self.finish_key_replacement()?;
        let Some((_, account)) = self.vault.list::<AccountRecord>()?.pop() else { return Ok(None) };
        let profile = AccountProfile::of(&account)?;
        let request = match self.account().end_device_sessions() {
            Err(Error::KeyMissing | Error::KeyInvalidated) => return Ok(None),
            request => request?,
        };
        let envelope = request.envelope();
        Ok(Some(QueuedMessage {
            issuer_address: profile.issuer.to_string(),
            device_name: profile.device_name.into(),
            body: envelope.body().to_vec(),
            signature: envelope.signature().unwrap_or_default().to_owned(),
        }))
    }

    /// Destroys the device's key if that of a queued message is still there.
    pub(super) fn finish_key_replacement(&self) -> Result<(), Error> {
        let queued = self.vault.list::<QueuedMessage>()?;
        if queued.is_empty() {
            return Ok(());
        }
        let key = self.vault.keystore().public_key().map_err(VaultError::from)?;
        for (_, stored) in queued {
            if parse(&stored)?.device.0 == key {
                return self.replace_device_key();
            }
        }
        Ok(())
    }

    /// Destroys the device's key and makes another.
    pub(super) fn replace_device_key(&self) -> Result<(), Error> {
        Ok(self.vault.keystore().replace_signing_key().map_err(VaultError::from)?)
    }

    /// Forgets a queued message that was sent.
    pub(super) fn forget_message(&mut self, id: &RecordId) -> Result<(), Error> {
        self.vault.delete(id)?;
        Ok(())
    }
}

fn parse(stored: &QueuedMessage) -> Result<EndDeviceSessions, Error> {
    serde_json::from_slice(&stored.body).map_err(|_| Error::Corrupt)
}
