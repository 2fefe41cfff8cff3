//! Signing up: the address, the mailed code, the second factor.

use std::sync::Arc;

use tegata::protocol::{IssuedTicket, MailedCodeText, SignUpResult, TotpText};

use super::call::{TicketHolder, call, password};
use super::factor::{FactorEnrolmentCall, RecoveryCodes};
use crate::WalletError;

call! {
    /// The request that begins a sign-up.
    BeginSignUpCall: IssuedTicket =>
    /// Takes the response, and gives the sign-up to go on with.
    Arc<SignUp>, |call, ticket| Arc::new(SignUp(call.with_ticket(ticket)))
}

call! {
    /// The last request of a sign-up.
    FinishSignUpCall: SignUpResult =>
    /// Takes the response, keeps the session in it, and gives the recovery codes, this once.
    Arc<RecoveryCodes>, |_, codes| Arc::new(RecoveryCodes(codes))
}

/// A sign-up that is under way.
#[derive(uniffi::Object)]
pub struct SignUp(TicketHolder);

#[uniffi::export]
impl SignUp {
    /// Sends the code that was mailed, eight digits, and the password to be: at least 8 characters, 1 to 256 bytes of
    /// UTF-8, not an easy one to guess. A password that is too easy does not use the code up.
    pub fn verify_code(
        &self,
        code: String,
        password: &[u8],
    ) -> Result<Arc<FactorEnrolmentCall>, WalletError> {
        let code = MailedCodeText::new(&code).map_err(WalletError::invalid)?;
        let password = self::password(password)?;
        self.0.next(|account, profile, ticket| {
            account.verify_sign_up_code(profile, ticket, code, password)
        })
    }

    /// Sends the first value of the second factor. Once it is completed there is an account, and the wallet is logged in.
    pub fn finish(&self, totp: String) -> Result<Arc<FinishSignUpCall>, WalletError> {
        let totp = TotpText::new(&totp).map_err(WalletError::invalid)?;
        self.0.next(|account, profile, ticket| account.finish_sign_up(profile, ticket, totp))
    }
}
