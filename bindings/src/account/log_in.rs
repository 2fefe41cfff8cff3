//! Logging in at an issuer, and with a code that was mailed for it.

use std::sync::Arc;

use tegata::protocol::{self, IssuedTicket, LogInCode, MailedCodeText};

use super::call::{TicketHolder, call, password};
use super::factor::SecondFactor;
use crate::WalletError;

call! {
    /// A request to log in.
    LogInCall: protocol::LogInResult =>
    /// Takes the response, and keeps the session in it.
    LogInResult, |_, must_enrol_factor| LogInResult { must_enrol_factor }
}

call! {
    /// The request for a code by mail to log in with.
    LogInCodeCall: IssuedTicket =>
    /// Takes the response, and gives the log-in to go on with.
    Arc<LogInByCode>, |call, ticket| Arc::new(LogInByCode(call.with_ticket(ticket)))
}

/// A log-in that a mailed code opens.
#[derive(uniffi::Object)]
pub struct LogInByCode(TicketHolder);

#[uniffi::export]
impl LogInByCode {
    /// Logs in with the code that was mailed, eight digits. A code counts for five passwords.
    #[uniffi::method(default(second_factor = None))]
    pub fn log_in(
        &self,
        code: String,
        password: &[u8],
        second_factor: Option<Arc<SecondFactor>>,
    ) -> Result<Arc<LogInCall>, WalletError> {
        let code = MailedCodeText::new(&code).map_err(WalletError::invalid)?;
        let password = self::password(password)?;
        let factor = second_factor.map(|factor| factor.0.clone());
        self.0.next(|account, profile, ticket| {
            account.log_in_with_code(profile, password, factor, LogInCode { ticket, code })
        })
    }
}

/// The result of a log-in that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LogInResult {
    /// Whether a recovery code stood in for the second factor: a new one has to be enrolled before anything else.
    pub must_enrol_factor: bool,
}
