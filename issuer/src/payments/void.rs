//! A till takes a payment back, whether it has come or not. It works while payments are stopped.

use std::sync::Arc;

use tegata::UnixTime;
use tegata::code::TillId;

use super::authorisation_view::{AuthorisationView, PaymentStatus};
use super::{PaymentError, Payments};
use crate::domain::{ManagerCode, ManagerName, TokenHash};
use crate::store::{
    Authorisation, AuthorisationState, ManagerCheck, VoidOutcome, VoidRequest, VoidTarget,
};

impl Payments {
    /// Takes a payment of the till's back, and refuses it if it comes later. Where the till has managers, it takes the code of
    /// one.
    pub(crate) async fn void(
        &self,
        token: &TokenHash,
        target: VoidTarget,
        code: Option<&ManagerCode>,
    ) -> Result<AuthorisationView, PaymentError> {
        let (till, _) = self.till(token).await?;
        let now = self.environment.clock.now();
        let actor = match self.manager(&till, code, now).await? {
            Some(name) => format!("till {till}, manager {name}"),
            None => format!("till {till}"),
        };
        let request = VoidRequest {
            till,
            target: target.clone(),
            actor,
            now,
            age: Some(self.rules.void_age()),
            receipts: self.receipts.clone(),
        };
        match self.store.void(request).await? {
            VoidOutcome::TooOld => Err(PaymentError::TooOldToVoid),
            VoidOutcome::Detached => Err(PaymentError::Detached),
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

    /// Says which manager's code this is, if the till has managers.
    async fn manager(
        &self,
        till: &TillId,
        code: Option<&ManagerCode>,
        now: UnixTime,
    ) -> Result<Option<ManagerName>, PaymentError> {
        let hash = code.map(|code| self.keys.manager_code(till, code));
        match self.store.check_manager(till, hash, now).await? {
            ManagerCheck::NotNeeded => Ok(None),
            ManagerCheck::Manager(name) => Ok(Some(name)),
            ManagerCheck::Missing => Err(PaymentError::ManagerNeeded),
            ManagerCheck::Wrong => Err(PaymentError::ManagerWrong),
            ManagerCheck::Wait(wait) => Err(PaymentError::ManagerWait { wait }),
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
