//! How the wallet gets the credential that its payment codes are made from.

use std::sync::Arc;

use tegata::protocol::ProvisionedCredential;

use super::call::Call;
use super::http::{IssuerRequest, IssuerResponse};
use crate::{PaymentUnlock, WalletError};

/// A request for a payment credential. It is kept in the wallet until it is completed, so that a lost response or a
/// killed app costs nothing: `provision` gives the same one again.
#[derive(uniffi::Object)]
pub struct ProvisionCall(Call<ProvisionedCredential>);

impl ProvisionCall {
    pub(super) fn new(call: Call<ProvisionedCredential>) -> Arc<Self> {
        Arc::new(Self(call))
    }
}

#[uniffi::export]
impl ProvisionCall {
    /// Gives what to send, and where to. The same each time until `complete` fails with `SendAgain`.
    #[must_use]
    pub fn request(&self) -> IssuerRequest {
        self.0.request()
    }

    /// Takes the response, stores the credential under the payment lock if there is one, in place of the one that the
    /// issuer gave before, and gives the id of its record. `label` is the name that the shopper sees: 1 to 128 bytes of
    /// UTF-8. Codes are made by the issuer's time in the response. Fails with `NotFound` if it was completed before.
    pub fn complete(
        &self,
        unlock: &PaymentUnlock,
        label: String,
        response: IssuerResponse,
    ) -> Result<String, WalletError> {
        let response = response.into();
        self.0.expect_fresh(&response)?;
        let request = self.0.pending();
        self.0.wallet.with(|wallet| {
            unlock.with(|token| {
                let mut account = wallet.account();
                let id = account.complete_provision(token, &label, &request, &response);
                id.map(|id| id.to_string())
            })
        })
    }
}
