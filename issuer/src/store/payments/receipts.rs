//! Who writes what an account's owner is told of her payments.

use super::super::error::StoreError;
use super::super::outbox::OutboxMail;
use super::authorisation::Authorisation;
use crate::domain::MailId;

/// Writes mails in the transaction that they tell of: then it is told once, however often
/// somebody tries to bring the payment on, and a crash loses none of it. Nothing here may wait.
pub trait ReceiptWriter: Send + Sync {
    /// The mail of this number about a payment that stands so from now on.
    ///
    /// # Errors
    /// If it cannot be sealed: then the payment does not move, either.
    fn receipt(&self, id: MailId, of: &Authorisation) -> Result<OutboxMail, StoreError>;
}
