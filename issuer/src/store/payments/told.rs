//! Who writes what an account's owner is told of her payments.

use tegata::UnixTime;

use super::super::{EventId, Outgoing, StoreError};
use super::row::Authorisation;

/// Writes mails and numbers for what is told in the transaction that it tells of: then it is told once, however often
/// somebody tries to bring the payment on, and a crash loses none of it. Nothing here may wait.
pub trait Tell: Send + Sync {
    /// The mail about a payment that stands so from now on.
    ///
    /// # Errors
    /// If it cannot be sealed: then the payment does not move, either.
    fn mail(&self, of: &Authorisation) -> Result<Outgoing, StoreError>;

    /// A number for a line of the log.
    ///
    /// # Errors
    /// If there is no randomness.
    fn event(&self, now: UnixTime) -> Result<EventId, StoreError>;
}
