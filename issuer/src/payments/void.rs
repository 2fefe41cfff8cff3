//! A till takes a payment back, whether it has come or not. It works while payments are stopped.

use std::sync::Arc;

use super::authorisation_view::{AuthorisationView, PaymentStatus};
use super::{PaymentError, Payments};
use crate::domain::TokenHash;
use crate::store::{Authorisation, AuthorisationState, VoidOutcome, VoidRequest, VoidTarget};

impl Payments {
    /// Takes a payment of the till's back, and refuses it if it comes later.
    pub(crate) async fn void(
        &self,
        token: &TokenHash,
        target: VoidTarget,
    ) -> Result<AuthorisationView, PaymentError> {
        let (till, _) = self.till(token).await?;
        let now = self.environment.clock.now();
        let request = VoidRequest {
            till: till.clone(),
            target: target.clone(),
            actor: format!("till {till}"),
            now,
            age: Some(self.rules.void_age()),
            receipts: self.receipts.clone(),
        };
        match self.store.void(request).await? {
            VoidOutcome::TooOld => Err(PaymentError::TooOldToVoid),
            VoidOutcome::Found(authorisation) => self.reverse(*authorisation).await,
            VoidOutcome::Forbidden | VoidOutcome::NotFound => {
                let reference = match target {
                    VoidTarget::Reference(text) => Some(text),
                    _ => None,
                };
                let view = AuthorisationView::without_payment(PaymentStatus::Voided, None, now);
                Ok(AuthorisationView { reference, ..view })
            }
        }
    }

    /// Shows what is being taken back, after the processor was asked for it.
    async fn reverse(
        &self,
        authorisation: Authorisation,
    ) -> Result<AuthorisationView, PaymentError> {
        if authorisation.state != AuthorisationState::Reversing {
            return Ok(self.view(&authorisation));
        }
        let charger = Arc::clone(&self.charger);
        let id = authorisation.id;
        // A task of its own, and how it ended stands in the row.
        let _ = tokio::spawn(async move { charger.reverse(id).await }).await;
        let after = self.store.authorisation(authorisation.id).await?;
        Ok(self.view(&after.unwrap_or(authorisation)))
    }
}
