//! Signs the wallet's requests with the newest challenge, and again where that was too old.

use super::account::{Account, request_error};
use super::error::Error;
use super::issuer_address::IssuerAddress;
use super::request::{OutgoingRequest, PendingRequest};
use crate::protocol::{Freshness, Response};
use crate::vault::VaultError;

impl Account<'_> {
    /// Signs a request again if the response says that its signature is too old, and gives whether it did: then send it
    /// once more, and complete it with that response. Nothing was done, so nobody has to be asked. A request is signed again
    /// once.
    ///
    /// # Errors
    /// Those of the keystore.
    pub fn sign_again<A>(
        &mut self,
        request: &mut PendingRequest<A>,
        response: &Response,
    ) -> Result<bool, Error> {
        self.sign_outgoing_again(&mut request.out, response)
    }

    fn sign_outgoing_again(
        &mut self,
        out: &mut OutgoingRequest,
        response: &Response,
    ) -> Result<bool, Error> {
        if out.is_signed_again || !response.is_stale() {
            return Ok(false);
        }
        self.0.challenge.learn(&out.profile.issuer, response);
        let Some(challenge) = response.challenge() else { return Ok(false) };
        let signed = out.envelope.sign_again(challenge, self.0.vault.keystore());
        out.is_signed_again = signed.map_err(request_error)?;
        Ok(out.is_signed_again)
    }

    /// Makes the freshness of a new request to this issuer.
    pub(super) fn freshness(&self, issuer: &IssuerAddress) -> Result<Freshness, Error> {
        let made = Freshness::make(self.0.challenge.of(issuer), &*self.0.random);
        Ok(made.map_err(VaultError::from)?)
    }
}
