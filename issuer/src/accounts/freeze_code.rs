//! Freezing by a second factor, or by a code that is mailed on request. No kill switch stops it: it only restricts.

use tegata::protocol::{
    Acknowledgement, FreezeByFactor, FreezeByMailedCode, IssuedTicket, RequestFreezeCode,
};
use tegata_policy::{Event, Reply, ResetId};

use super::request_secrets::RequestSecrets;
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
        let (request, factor) = RequestSecrets::default().with_factor(second_factor);
        let id = self.account_or_decoy(&handle).await?;
        self.admit_freeze(requester, &handle, id, request.recovery.as_ref()).await?;
        let event = Event::FreezeByFactor { device: requester.device, factor };
        self.apply(id, None, event, &request).await?;
        Ok(Acknowledgement {})
    }

    /// Mails the account's address a code that freezes the account from this device.
    pub(crate) async fn request_freeze_code(
        &self,
        requester: Requester,
        message: RequestFreezeCode,
    ) -> Result<IssuedTicket, AccountError> {
        let RequestFreezeCode { handle, recovery_code, .. } = message;
        let id = self.account_or_decoy(&handle).await?;
        self.admit_code("freeze code", requester, &handle, id, recovery_code.as_ref()).await?;
        let Requester { device, network } = requester;
        let event = Event::RequestFreezeCode { device, within_budget: true };
        let request = RequestSecrets { network: Some(network), ..RequestSecrets::default() };
        let applied = self.apply(id, None, event, &request).await?;
        let Reply::FreezeCodeRequested(code) = applied.reply else {
            return Err(unexpected_reply());
        };
        Ok(IssuedTicket { ticket: self.ticket(TicketPurpose::FreezeCode, id, code.0)? })
    }

    /// Freezes the account that the mailed code belongs to.
    pub(crate) async fn freeze_by_mailed_code(
        &self,
        Requester { device, .. }: Requester,
        message: FreezeByMailedCode,
    ) -> Result<Acknowledgement, AccountError> {
        let FreezeByMailedCode { ticket, code, .. } = message;
        let (id, number) = self.read_ticket(TicketPurpose::FreezeCode, &ticket)?;
        let request = RequestSecrets { code: Some(code), ..RequestSecrets::default() };
        let event = Event::VerifyFreezeCode { code: ResetId(number), device };
        self.apply(id, None, event, &request).await?;
        Ok(Acknowledgement {})
    }
}
