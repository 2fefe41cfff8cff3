//! Receipts: the mails that an account's owner gets about their payments.

use tegata::protocol::PaymentNumber;

use super::super::error::StoreError;
use super::super::outbox::OutboxMail;
use super::authorisation::Authorisation;
use crate::domain::{AuthorisationId, MailId};

/// Writes receipts, which are stored in the transaction that they are about: so each is sent once, however often a
/// payment is tried, and a crash loses none. An implementation must not block.
pub trait ReceiptWriter: Send + Sync {
    /// Writes the receipt with this id about a payment in its new state.
    ///
    /// # Errors
    /// If it cannot be sealed: then the payment does not change, either.
    fn receipt(&self, id: MailId, of: &Authorisation) -> Result<OutboxMail, StoreError>;

    /// Gives the number that receipts, tills and the processor know a payment by.
    fn number(&self, payment: AuthorisationId) -> PaymentNumber;
}
