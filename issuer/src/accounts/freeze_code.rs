//! Freezing by a second factor, or by a code that is mailed on request. No kill switch stops it: it only restricts.

use tegata::protocol::{
    Acknowledgement, FreezeByFactor, FreezeByMailedCode, IssuedTicket, RequestFreezeCode,
};
use tegata_policy::{Event, Reply, ResetId};

use super::request_secrets::RequestSecrets;
use super::transaction::{Applied, acknowledge};
use super::{AccountError, Accounts, Requester, unexpected_reply};
use crate::crypto::TicketPurpose;

impl Accounts {
    /// Freezes the account of an address with a second factor.
    pub(crate) async fn freeze_by_factor(
        &self,
        requester: Requester,
        message: FreezeByFactor,
    ) -> Result<Acknowledgement, AccountError> {
        let FreezeByFactor { handle, second_factor, .. } = message;
        let (request, factor) =
            RequestSecrets::of(requester.signed.clone()).with_factor(second_factor);
        let id = self.account_or_decoy(&handle).await?;
        self.admit_freeze(&requester, &handle, id, request.recovery.as_ref()).await?;
        let event = Event::FreezeByFactor { device: requester.device, factor };
        self.apply(id, None, event, &request, acknowledge).await
    }

    /// Mails the account's address a code that freezes the account from this device.
    pub(crate) async fn request_freeze_code(
        &self,
        requester: Requester,
        message: RequestFreezeCode,
    ) -> Result<IssuedTicket, AccountError> {
        let RequestFreezeCode { handle, recovery_code, .. } = message;
        let id = self.account_or_decoy(&handle).await?;
        self.admit_code("freeze code", &requester, &handle, id, recovery_code.as_ref()).await?;
        let Requester { device, network, signed } = requester;
        let event = Event::RequestFreezeCode { device, within_budget: true };
        let request = RequestSecrets { network: Some(network), ..RequestSecrets::of(signed) };
        let answer = |accounts: &Self, Applied { account, reply, .. }: &Applied<'_>| {
            let Reply::FreezeCodeRequested(code) = reply else { return Err(unexpected_reply()) };
            let ticket = accounts.ticket(TicketPurpose::FreezeCode, *account, code.0)?;
            Ok(IssuedTicket { ticket })
        };
        self.apply(id, None, event, &request, answer).await
    }

    /// Freezes the account that the mailed code belongs to.
    pub(crate) async fn freeze_by_mailed_code(
        &self,
        Requester { device, signed, .. }: Requester,
        message: FreezeByMailedCode,
    ) -> Result<Acknowledgement, AccountError> {
        let FreezeByMailedCode { ticket, code, .. } = message;
        let (id, number) = self.read_ticket(TicketPurpose::FreezeCode, &ticket)?;
        let request = RequestSecrets { code: Some(code), ..RequestSecrets::of(signed) };
        let event = Event::VerifyFreezeCode { code: ResetId(number), device };
        self.apply(id, None, event, &request, acknowledge).await
    }
}
