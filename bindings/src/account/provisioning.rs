//! How the wallet gets what its payment codes are made from.

use std::sync::Arc;

use tegata::PendingRequest;
use tegata::protocol::Provisioned;

use super::{Account, IssuerRequest, IssuerResponse};
use crate::open::Open;
use crate::{PaymentUnlock, WalletError};

/// A request for a payment credential. It is kept in the wallet until it is answered, so that a lost answer or a killed
/// app costs nothing: ask for it again, and it is the same one.
#[derive(uniffi::Object)]
pub struct ProvisionCall {
    open: Arc<Open>,
    asked: Asked<Provisioned>,
}

#[uniffi::export]
impl ProvisionCall {
    /// What to send, and where to. The same each time: nothing is used up by looking at it.
    #[must_use]
    pub fn request(&self) -> IssuerRequest {
        IssuerRequest::to(self.asked.issuer(), self.asked.envelope())
    }

    /// Takes what came back, keeps the credential under the payment lock if there is one, in the place of the one that
    /// the issuer gave before, and gives its record among payments. `label` is what it is called there: 1 to 128 bytes
    /// of UTF-8. The issuer's time in it is the one that codes are made by. `NotFound` if it was answered before.
    pub fn answered(
        &self,
        unlocked: &PaymentUnlock,
        label: String,
        response: IssuerResponse,
    ) -> Result<String, WalletError> {
        let response = response.into();
        self.open.with(|wallet| {
            unlocked.with(|unlock| {
                let given =
                    wallet.account().complete_provision(unlock, &label, &self.asked, &response);
                given.map(|id| id.to_string())
            })
        })
    }
}

#[uniffi::export]
impl Account {
    /// Asks for a payment credential. The second factor was given within the last five minutes: at the sign-up, the
    /// log-in, or by `prove`.
    pub fn provision(&self) -> Result<Arc<ProvisionCall>, WalletError> {
        let asked = self.0.with(|wallet| wallet.account().provision())?;
        Ok(Arc::new(ProvisionCall { open: Arc::clone(&self.0), asked }))
    }

    /// Whether a request for a credential waits for its answer, as when the app was ended before it came: ask again.
    pub fn has_pending_provision(&self) -> Result<bool, WalletError> {
        self.0.with(|wallet| wallet.account().has_pending_provision())
    }

    /// Drops the request that waits, after the issuer answered it with `NothingToDo`: what it gave for it counts no
    /// longer. The next request is a new one.
    pub fn discard_provision(&self) -> Result<(), WalletError> {
        self.0.with(|wallet| wallet.account().discard_provision())
    }
}
