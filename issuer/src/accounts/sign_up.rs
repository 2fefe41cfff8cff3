//! Signing up: an address is claimed with a mailed code, then the second factor is enrolled.

use tegata::protocol::{
    BeginSignUp, FinishSignUp, IssuedTicket, SealedAnswer, SignUpResult, VerifySignUpCode,
};
use tegata_policy::{Event, Reply};

use super::request_secrets::RequestSecrets;
use super::sealed_answer::answer_recipient;
use super::transaction::Applied;
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
            ..RequestSecrets::of(requester.signed)
        };
        self.begin_sign_up(id, requester.device, device_name.into(), is_taken, request).await
    }

    /// Verifies the mailed code, only then judges, hashes and sets the password, and gives the secret of the second factor.
    pub(crate) async fn sign_up_code(
        &self,
        requester: Requester,
        message: VerifySignUpCode,
        body: &[u8],
    ) -> Result<SealedAnswer, AccountError> {
        let recipient = answer_recipient(&message, body)?;
        let VerifySignUpCode { ticket, code, password, .. } = message;
        let (id, _) = self.read_ticket(TicketPurpose::SignUp, &ticket)?;
        let chosen_password = Some((HashQueue::Untrusted(requester.network), password));
        let request = RequestSecrets {
            chosen_password,
            code: Some(code),
            ..RequestSecrets::of(requester.signed)
        };
        let event = Event::VerifySignUpCode { device: requester.device };
        let answer = move |accounts: &Self, applied: &Applied<'_>| {
            accounts.seal_answer(&recipient, &accounts.factor_secret(applied)?)
        };
        self.apply(id, Some(KillSwitch::SignUp), event, &request, answer).await
    }

    /// Verifies the second factor, which makes the account and its first session.
    pub(crate) async fn sign_up_factor(
        &self,
        requester: Requester,
        message: FinishSignUp,
        body: &[u8],
    ) -> Result<SealedAnswer, AccountError> {
        let recipient = answer_recipient(&message, body)?;
        let FinishSignUp { ticket, totp, .. } = message;
        let (id, _) = self.read_ticket(TicketPurpose::SignUp, &ticket)?;
        let request = RequestSecrets { totp: Some(totp), ..RequestSecrets::of(requester.signed) };
        let event = Event::VerifySignUpFactor { device: requester.device };
        let answer = move |accounts: &Self, Applied { reply, generated, .. }: &Applied<'_>| {
            let Reply::SignedUp { recovery, .. } = reply else { return Err(unexpected_reply()) };
            let recovery_codes = generated.recovery_codes(recovery)?;
            let session = generated.session_token()?;
            accounts.seal_answer(&recipient, &SignUpResult { session, recovery_codes })
        };
        self.apply(id, Some(KillSwitch::SignUp), event, &request, answer).await
    }
}
