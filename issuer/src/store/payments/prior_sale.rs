//! What a till has asked for before.

use crate::domain::AuthorisationId;

/// What a till's sale number or idempotency key leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PriorSale {
    /// It was not used yet.
    None,
    /// A void came first, or the answer was no authorisation.
    WithoutAuthorisation,
    /// It leads to this authorisation.
    Authorisation(AuthorisationId),
}
