//! Resetting the password: the mailed code and the second factor, then the new password.

use std::sync::Arc;

use tegata::protocol::{IssuedTicket, MailedCodeText};

use super::call::{ActionCall, TicketHolder, call, password};
use super::factor::SecondFactor;
use crate::WalletError;

call! {
    /// The request that begins a reset of the password.
    BeginPasswordResetCall: IssuedTicket =>
    /// Takes the response, and gives the reset to go on with.
    Arc<PasswordReset>, |call, ticket| Arc::new(PasswordReset(call.with_ticket(ticket)))
}

/// A reset of the password that is under way.
#[derive(uniffi::Object)]
pub struct PasswordReset(TicketHolder);

#[uniffi::export]
impl PasswordReset {
    /// Sends the code that was mailed, eight digits, and the second factor. If it is refused, the issuer does not say
    /// which of the two was wrong.
    pub fn verify(
        &self,
        code: String,
        second_factor: Arc<SecondFactor>,
    ) -> Result<Arc<ActionCall>, WalletError> {
        let code = MailedCodeText::new(&code).map_err(WalletError::invalid)?;
        let factor = second_factor.0.clone();
        self.0.next(|account, profile, ticket| {
            account.verify_password_reset(profile, ticket, code, factor)
        })
    }

    /// Sends the new password, once the reset was verified. All sessions end with it: log in.
    pub fn finish(&self, password: &[u8]) -> Result<Arc<ActionCall>, WalletError> {
        let password = self::password(password)?;
        self.0.next(|account, profile, ticket| {
            account.finish_password_reset(profile, ticket, password)
        })
    }
}
