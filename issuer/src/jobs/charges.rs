//! Reconciles charges that are not over.

use super::context::Jobs;
use crate::store::StoreError;

impl Jobs {
    pub(super) async fn reconcile(&self) -> Result<(), StoreError> {
        match &self.charger {
            Some(charger) => charger.reconcile().await,
            None => Ok(()),
        }
    }
}
