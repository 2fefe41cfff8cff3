//! How the wallet gets the credential that its payment codes are made from: by a request that is kept until it is
//! completed, so that a lost response or a killed app costs nothing.

use super::account::Account;
use super::account::{RequestResult, request_error};
use super::error::Error;
use super::request::PendingRequest;
use crate::code::{ClockOffset, CredentialId};
use crate::hpke::ReceiverKey;
use crate::protocol::{
    EndedSessions, Grant, IssuerProblem, PROVISION_INFO, Provision, ProvisionedCredential, Request,
    RequestName, Response, X25519Key, provision_aad,
};
use crate::text::replace;
use crate::vault::{
    self, PaymentCredential, PaymentUnlock, Provisioning, RecordId, Transaction, VaultError,
};

impl Account<'_> {
    /// Makes a request for a payment credential, in the session of this wallet. The second factor has to be verified within
    /// five minutes before. While a request is pending, this gives the same one.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`], [`Error::Corrupt`], [`Error::Failed`], those of the keystore.
    pub fn provision(&mut self) -> RequestResult<Provision> {
        let device = self.device_key()?;
        let asked = self.0.vault.transaction(|tx| {
            let (id, provisioning) = only(tx)?;
            // A request with another device key, from before a change of the keystore, would not be accepted.
            let same = |asked: &vault::PendingProvisioning| {
                let before = serde_json::from_slice::<Provision>(&asked.body);
                before.is_ok_and(|before| before.device == device)
            };
            if let Some(asked) = provisioning.pending.clone().filter(same) {
                return Ok(asked);
            }
            let mut request = [0; 16];
            tx.random().fill(&mut request).map_err(VaultError::from)?;
            let key = ReceiverKey::make(tx.random()).map_err(VaultError::from)?;
            let request = RequestName(request);
            let public = X25519Key(*key.public().as_bytes());
            let call = Provision { request, device, key: public };
            let body = serde_json::to_vec(&call);
            let body = body.map_err(|_| Error::Failed("the request cannot be written".into()))?;
            let asked = vault::PendingProvisioning { key, body };
            tx.put(&id, &Provisioning { pending: Some(asked.clone()), ..provisioning })?;
            Ok::<_, Error>(asked)
        })?;
        let issuer = self.record()?.ok_or(Error::NotLoggedIn)?.issuer_address;
        let issuer = issuer.parse().map_err(|_| Error::Corrupt)?;
        let freshness = self.freshness(&issuer)?;
        let request = Request::<Provision>::again(&asked.body, self.0.vault.keystore(), freshness);
        let request = request.map_err(request_error)?.into();
        self.outgoing_in_session(request, EndedSessions::Nothing).map(PendingRequest::new)
    }

    /// Opens the answer and stores the credential, durably, under the payment lock if there is one, in place of the one
    /// that the issuer gave before. `label` is the name that the shopper sees: 1 to 128 bytes. Codes are made by the
    /// issuer's time in the answer.
    ///
    /// # Errors
    /// [`Error::Issuer`], [`Error::NotLoggedIn`] as with [`answered`](Account::complete); [`Error::NotFound`] if no request
    /// waits; [`Error::InvalidAnswer`] for an answer to another one, or one that was altered:
    /// nothing is changed then; [`Error::PaymentsLocked`], [`Error::Invalid`], [`Error::Failed`].
    pub fn complete_provision(
        &mut self,
        unlock: &PaymentUnlock,
        label: &str,
        asked: &PendingRequest<ProvisionedCredential>,
        response: &Response,
    ) -> Result<RecordId, Error> {
        let body = self.successful_body(&asked.out, response)?;
        let answer = serde_json::from_slice(body);
        let answer = answer.map_err(|_| Error::Issuer(IssuerProblem::UnreadableAnswer))?;
        self.store_credential(unlock, label, &answer)
    }

    pub(super) fn store_credential(
        &mut self,
        unlock: &PaymentUnlock,
        label: &str,
        answer: &ProvisionedCredential,
    ) -> Result<RecordId, Error> {
        let clock_offset = ClockOffset::learn(answer.time, self.0.clock.now());
        self.0.vault.transaction(|tx| {
            let (id, provisioning) = only(tx)?;
            let asked = provisioning.pending.as_ref().ok_or(Error::NotFound)?;
            let Grant { credential, scheme, seed } =
                opened(asked, answer).ok_or(Error::InvalidAnswer)?;
            if let Some(before) = &provisioning.credential {
                tx.delete(before)?;
            }
            let mut credential =
                PaymentCredential::new(credential, replace(label).into_owned(), scheme, seed);
            credential.clock_offset = clock_offset;
            let given = tx.add_payment(unlock, credential)?;
            let till_card_key = Some(answer.till_card_key.0);
            let answered = Provisioning { till_card_key, credential: Some(given), pending: None };
            tx.put(&id, &answered)?;
            Ok(given)
        })
    }

    /// Drops the pending request, after the issuer refused it because no such operation is pending: its credential is no
    /// longer valid. The next request is a new one. Does nothing if none is pending.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn discard_provision(&mut self) -> Result<(), Error> {
        self.0.vault.transaction(|tx| {
            let (id, provisioning) = only(tx)?;
            if provisioning.pending.is_some() {
                tx.put(&id, &Provisioning { pending: None, ..provisioning })?;
            }
            Ok(())
        })
    }

    /// Tells whether a request was not completed, as when the app was ended before the response came.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::Failed`].
    pub fn has_pending_provision(&self) -> Result<bool, Error> {
        let kept = self.0.vault.list::<Provisioning>()?.pop();
        Ok(kept.is_some_and(|(_, kept)| kept.pending.is_some()))
    }
}

/// Gives the only record of this kind, or a new one.
fn only(tx: &Transaction<'_>) -> Result<(RecordId, Provisioning), Error> {
    match tx.list::<Provisioning>()?.pop() {
        Some(found) => Ok(found),
        None => {
            Ok((RecordId::make(tx.random()).map_err(VaultError::from)?, Provisioning::default()))
        }
    }
}

/// Opens what was sealed to this request's key, if it was sealed in answer to it.
fn opened(asked: &vault::PendingProvisioning, answer: &ProvisionedCredential) -> Option<Grant> {
    let credential = CredentialId(answer.credential.0);
    let aad = provision_aad(&asked.body, credential);
    let sealed = answer.ciphertext.bytes();
    let text = asked.key.open(&answer.enc.0, PROVISION_INFO, &aad, sealed)?;
    Grant::read(&text).filter(|grant| grant.credential == credential)
}
