//! Tickets, which stand for a sign-up or a reset under way.

use tegata::protocol::{Refusal, Ticket};

use super::{AccountError, Accounts};
use crate::crypto::TicketPurpose;
use crate::domain::{AccountId, InternalError};

impl Accounts {
    pub(super) fn ticket(
        &self,
        purpose: TicketPurpose,
        account: AccountId,
        number: u32,
    ) -> Result<Ticket, AccountError> {
        let ticket = self.keys.ticket(purpose, account, number, &*self.environment.random);
        let ticket = ticket.map_err(|error| InternalError::new("making a ticket", &error))?;
        let ticket = Ticket::new(&ticket);
        Ok(ticket.map_err(|error| InternalError::new("making a ticket", &error))?)
    }

    pub(super) fn read_ticket(
        &self,
        purpose: TicketPurpose,
        ticket: &Ticket,
    ) -> Result<(AccountId, u32), AccountError> {
        Ok(self.keys.read_ticket(purpose, ticket.expose()).ok_or(Refusal::InvalidCredentials)?)
    }
}
