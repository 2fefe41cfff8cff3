//! Compares today's wrong codes with what is usual.

use tegata::UnixTime;

use super::context::Jobs;
use super::error::JobError;
use crate::payments::WrongCodes;

impl Jobs {
    pub(super) async fn wrong_codes(&self, now: UnixTime) -> Result<(), JobError> {
        let wrong = WrongCodes::of(&self.store, now).await?;
        if self.payments.wrong_codes(wrong) {
            let WrongCodes { today, usual } = wrong;
            tracing::error!(today, usual, "unusually many invalid codes: see the report");
        }
        Ok(())
    }
}
