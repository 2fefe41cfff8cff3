//! Resetting the password, and what the codes in mails to the owner allow: freezing, and reverting changes.

use tegata::protocol::{
    Acknowledgement, BeginPasswordReset, FinishPasswordReset, FreezeByCode, IssuedTicket,
    RevertChanges, VerifyPasswordReset,
};
use tegata_policy::{Account, Event, Reply, ResetDestination, ResetId};

use super::request_secrets::RequestSecrets;
use super::transaction::{Applied, acknowledge};
use super::{AccountError, Accounts, Requester, unexpected_reply};
use crate::crypto::TicketPurpose;
use crate::passwords::HashQueue;
use crate::store::KillSwitch;

impl Accounts {
    /// Begins a reset, and mails the account's address a code.
    pub(crate) async fn request_reset(
        &self,
        requester: Requester,
        message: BeginPasswordReset,
    ) -> Result<IssuedTicket, AccountError> {
        let BeginPasswordReset { handle, recovery_code, .. } = message;
        let id = self.account_or_decoy(&handle).await?;
        self.admit_code("reset", &requester, &handle, id, recovery_code.as_ref()).await?;
        let to = ResetDestination::Verified;
        let Requester { device, network, signed } = requester;
        let event = Event::RequestReset { device, to, within_budget: true };
        let request = RequestSecrets { network: Some(network), ..RequestSecrets::of(signed) };
        let answer = |accounts: &Self, Applied { account, reply, .. }: &Applied<'_>| {
            let Reply::ResetStarted(reset) = reply else { return Err(unexpected_reply()) };
            Ok(IssuedTicket { ticket: accounts.ticket(TicketPurpose::Reset, *account, reset.0)? })
        };
        self.apply(id, Some(KillSwitch::Reset), event, &request, answer).await
    }

    /// Verifies the mailed code and the second factor.
    pub(crate) async fn verify_reset(
        &self,
        Requester { device, signed, .. }: Requester,
        message: VerifyPasswordReset,
    ) -> Result<Acknowledgement, AccountError> {
        let VerifyPasswordReset { ticket, code, second_factor, .. } = message;
        let (id, reset) = self.read_ticket(TicketPurpose::Reset, &ticket)?;
        let request = RequestSecrets { code: Some(code), ..RequestSecrets::of(signed) };
        let (request, factor) = request.with_factor(second_factor);
        let event = Event::VerifyReset { reset: ResetId(reset), device, factor };
        self.apply(id, Some(KillSwitch::Reset), event, &request, acknowledge).await
    }

    /// Sets the new password.
    pub(crate) async fn finish_reset(
        &self,
        Requester { device, signed, .. }: Requester,
        message: FinishPasswordReset,
    ) -> Result<Acknowledgement, AccountError> {
        let FinishPasswordReset { ticket, password, .. } = message;
        let (id, reset) = self.read_ticket(TicketPurpose::Reset, &ticket)?;
        let reset = ResetId(reset);
        let awaited = self.awaits_password(id, KillSwitch::Reset, |account, policy| {
            matches!(account, Account::Active(active) if active.awaits_new_password(reset, device, policy))
        });
        awaited.await?;
        let new_password = Some(self.new_password(HashQueue::KnownDevice, id, &password).await?);
        let request = RequestSecrets { new_password, ..RequestSecrets::of(signed) };
        let event = Event::FinishReset { reset, device };
        self.apply(id, Some(KillSwitch::Reset), event, &request, acknowledge).await
    }

    /// Freezes the account that a mailed code belongs to.
    pub(crate) async fn freeze_by_code(
        &self,
        message: FreezeByCode,
    ) -> Result<Acknowledgement, AccountError> {
        let FreezeByCode { handle, code } = message;
        let id = self.account_or_decoy(&handle).await?;
        let request = RequestSecrets { notice: Some(code), ..RequestSecrets::default() };
        self.apply(id, None, Event::FreezeByCode, &request, acknowledge).await
    }

    /// Reverts the changes that a mailed code belongs to.
    pub(crate) async fn revert_changes(
        &self,
        message: RevertChanges,
    ) -> Result<Acknowledgement, AccountError> {
        let RevertChanges { handle, code, second_factor } = message;
        let id = self.account_or_decoy(&handle).await?;
        let request = RequestSecrets { notice: Some(code), ..RequestSecrets::default() };
        let (request, factor) = request.with_factor(second_factor);
        self.apply(id, None, Event::RevertChanges { factor }, &request, acknowledge).await
    }
}
