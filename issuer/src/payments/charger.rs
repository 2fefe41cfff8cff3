//! Where a card is charged for what was authorised: the one interface between payments and a processor.

use async_trait::async_trait;

use crate::domain::AuthorisationId;
use crate::store::{Authorisation, NewAuthorisation};

/// What is known of a charge, or of its reversal, when the till is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeOutcome {
    /// The processor has said that it is done.
    Done,
    /// The processor has said no.
    Declined,
    /// Not known yet: the till is answered so and asks again.
    Pending,
}

/// Charges cards. Whoever does it moves the authorisation's state itself, from version to version
/// ([`Store::transition`](crate::store::Store::transition)), and before it answers: what is answered is what stands in the row.
#[async_trait]
pub trait CardCharger: Send + Sync {
    /// Charges what stands in `authorised`. It may be asked twice for one, and charges once.
    async fn charge(&self, made: NewAuthorisation) -> ChargeOutcome;

    /// Takes back what stands in `reversing`: a charge that has begun, or was made.
    async fn reverse(&self, id: AuthorisationId) -> ChargeOutcome;

    /// Goes on with what is not over because an answer failed, if nobody is at work on it and the last try is some
    /// seconds ago; gives it as it stands then.
    async fn go_on(&self, from: Authorisation) -> Authorisation {
        from
    }
}
