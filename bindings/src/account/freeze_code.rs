//! Freezing by a mailed code, from any device.

use std::sync::Arc;

use tegata::protocol::{IssuedTicket, MailedCodeText};

use super::call::{ActionCall, TicketHolder, call};
use crate::WalletError;

call! {
    /// The request for a code by mail that freezes the account.
    FreezeCodeCall: IssuedTicket =>
    /// Takes the response, and gives the freeze to go on with.
    Arc<FreezeByMailedCode>, |call, ticket| Arc::new(FreezeByMailedCode(call.with_ticket(ticket)))
}

/// A freeze that a mailed code makes.
#[derive(uniffi::Object)]
pub struct FreezeByMailedCode(TicketHolder);

#[uniffi::export]
impl FreezeByMailedCode {
    /// Freezes the account with the code that was mailed, eight digits.
    pub fn freeze(&self, code: String) -> Result<Arc<ActionCall>, WalletError> {
        let code = MailedCodeText::new(&code).map_err(WalletError::invalid)?;
        self.0.next(|account, profile, ticket| account.freeze_by_mailed_code(profile, ticket, code))
    }
}
