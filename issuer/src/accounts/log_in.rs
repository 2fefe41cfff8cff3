//! Logging in with password and second factor, and the code that is mailed for it.

use tegata::protocol::{IssuedTicket, LogIn, LogInResult, RequestLogInCode, SealedAnswer};
use tegata_policy::{Event, Reply};

use super::login_throttle::LogInAdmission;
use super::new_password::parse_password;
use super::request_secrets::RequestSecrets;
use super::sealed_answer::answer_recipient;
use super::transaction::Applied;
use super::{AccountError, Accounts, Requester, unexpected_reply};
use crate::crypto::TicketPurpose;
use crate::store::KillSwitch;

impl Accounts {
    /// Makes a session for a device whose owner gives the password and, on a new device, the second factor. `body` is the
    /// message as it was sent.
    pub(crate) async fn log_in(
        &self,
        requester: Requester,
        message: LogIn,
        body: &[u8],
    ) -> Result<SealedAnswer, AccountError> {
        let recipient = answer_recipient(&message, body)?;
        let LogIn { handle, password, second_factor, mailed_code, device_name, .. } = message;
        let password = parse_password(&password)?;
        let mut request = RequestSecrets::of(requester.signed.clone());
        let mut factor = None;
        if let Some(second_factor) = second_factor {
            let (with_factor, kind) = request.with_factor(second_factor);
            request = with_factor;
            factor = Some(kind);
        }
        let id = self.account_or_decoy(&handle).await?;
        let recovery_code = request.recovery.as_ref();
        let admitted = self.admit_log_in(&requester, &handle, id, recovery_code, mailed_code);
        let LogInAdmission { queue, lane } = admitted.await?;
        request.password = Some((queue, password));
        let Requester { device, .. } = requester;
        let event = Event::LogIn { device, name: device_name.into(), factor, lane };
        let answer = move |accounts: &Self, Applied { reply, generated, .. }: &Applied<'_>| {
            let Reply::LoggedIn { must_enrol, .. } = **reply else {
                return Err(unexpected_reply());
            };
            let session = generated.session_token()?;
            accounts.seal_answer(&recipient, &LogInResult { session, must_enrol })
        };
        self.apply(id, Some(KillSwitch::LogIn), event, &request, answer).await
    }

    /// Mails the account's address a code to log in with on this device.
    pub(crate) async fn request_log_in_code(
        &self,
        requester: Requester,
        message: RequestLogInCode,
    ) -> Result<IssuedTicket, AccountError> {
        let RequestLogInCode { handle, .. } = message;
        let id = self.account_or_decoy(&handle).await?;
        self.admit_code("log-in code", &requester, &handle, id, None).await?;
        let Requester { device, signed, .. } = requester;
        let event = Event::RequestLogInCode { device, within_budget: true };
        let request = RequestSecrets::of(signed);
        let answer = |accounts: &Self, Applied { account, reply, .. }: &Applied<'_>| {
            let Reply::LogInCodeRequested(code) = reply else { return Err(unexpected_reply()) };
            let ticket = accounts.ticket(TicketPurpose::LogInCode, *account, code.0)?;
            Ok(IssuedTicket { ticket })
        };
        self.apply(id, Some(KillSwitch::LogIn), event, &request, answer).await
    }
}
