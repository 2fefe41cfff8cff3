//! Signing up: an address is claimed with a mailed code, then the second factor is enrolled.

use tegata::protocol::{
    BeginSignUp, FactorEnrolment, FinishSignUp, IssuedTicket, SignUpResult, VerifySignUpCode,
};
use tegata_policy::{Event, Reply};

use super::request_secrets::RequestSecrets;
use super::{AccountError, Accounts, Requester, unexpected_reply};
use crate::crypto::TicketPurpose;
use crate::domain::{AccountId, InternalError};
use crate::mail::StoredAddress;
use crate::passwords::HashQueue;
use crate::store::KillSwitch;

impl Accounts {
    /// Begins a sign-up, and mails the address a code.
    pub(crate) async fn sign_up(
        &self,
        requester: Requester,
        message: BeginSignUp,
    ) -> Result<IssuedTicket, AccountError> {
        let BeginSignUp { address, language, device_name, .. } = message;
        self.mails.take_sign_up(requester.network, self.environment.clock.now())?;
        let id = AccountId::make(self.environment.clock.now(), &*self.environment.random)
            .map_err(|error| InternalError::new("making a number", &error))?;
        self.count_sign_up(&address).await?;
        let found = self.store.find_account(&self.keys.handle(address.address())).await?;
        let is_taken = found.is_some();
        let address = StoredAddress { handle: Some(address), language };
        let request = RequestSecrets {
            address: Some(address),
            network: Some(requester.network),
            ..RequestSecrets::default()
        };
        self.begin_sign_up(id, requester.device, device_name.into(), is_taken, request).await?;
        Ok(IssuedTicket { ticket: self.ticket(TicketPurpose::SignUp, id, 0)? })
    }

    /// Verifies the mailed code, only then judges, hashes and sets the password, and gives the secret of the second factor.
    pub(crate) async fn sign_up_code(
        &self,
        requester: Requester,
        message: VerifySignUpCode,
    ) -> Result<FactorEnrolment, AccountError> {
        let VerifySignUpCode { ticket, code, password, .. } = message;
        let (id, _) = self.read_ticket(TicketPurpose::SignUp, &ticket)?;
        let chosen_password = Some((HashQueue::Untrusted(requester.network), password));
        let request =
            RequestSecrets { chosen_password, code: Some(code), ..RequestSecrets::default() };
        let event = Event::VerifySignUpCode { device: requester.device };
        let applied = self.apply(id, Some(KillSwitch::SignUp), event, &request).await?;
        self.factor_secret(id, applied).await
    }

    /// Verifies the second factor, which makes the account and its first session.
    pub(crate) async fn sign_up_factor(
        &self,
        requester: Requester,
        message: FinishSignUp,
    ) -> Result<SignUpResult, AccountError> {
        let FinishSignUp { ticket, totp, .. } = message;
        let (id, _) = self.read_ticket(TicketPurpose::SignUp, &ticket)?;
        let request = RequestSecrets { totp: Some(totp), ..RequestSecrets::default() };
        let event = Event::VerifySignUpFactor { device: requester.device };
        let applied = self.apply(id, Some(KillSwitch::SignUp), event, &request).await?;
        let Reply::SignedUp { recovery, .. } = applied.reply else {
            return Err(unexpected_reply());
        };
        let recovery_codes = applied.generated.recovery_codes(&recovery)?;
        Ok(SignUpResult { session: applied.generated.session_token()?, recovery_codes })
    }
}
