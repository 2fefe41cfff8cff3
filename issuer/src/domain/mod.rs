//! Plain values that everything else is written in, without any input or output.

pub(crate) mod hash;
mod ids;

pub(crate) use ids::first_of;
pub use ids::{
    AccountId, AuthorisationId, CardId, EventId, HandleKey, MailId, RequestId, ThrottleKey,
    TokenHash, first_credential_of, make_credential_id,
};
