//! A till's request for a payment, and the answer to it.

use tegata::UnixTime;
use tegata::code::{DecodedCode, Scheme};

use super::super::cards::ChargeableCard;
use super::authorisation::Authorisation;
use super::state::DeclineReason;
use crate::domain::{AuthorisationId, AuthoriseLimits, TokenHash};

/// A till's request for a payment.
#[derive(Clone, Debug)]
pub struct AuthoriseRequest {
    /// The hash of the till's token.
    pub token: TokenHash,
    /// The till's idempotency key.
    pub key: String,
    /// SHA-256 of the request's body: the same key must come with the same body.
    pub hash: [u8; 32],
    /// The code that was read.
    pub code: ParsedCode,
    /// What is sold, for how much.
    pub sale: SaleDetails,
    /// The id of the authorisation that may be made.
    pub id: AuthorisationId,
    /// The time of the request.
    pub now: UnixTime,
    /// The limits that apply.
    pub limits: AuthoriseLimits,
}

/// What a till sells, for how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleDetails {
    /// The till's own number for the sale.
    pub reference: String,
    /// The amount, in minor units.
    pub amount: u64,
    /// The currency's code in ISO 4217.
    pub currency: String,
}

/// A code, as far as it can be read without the store.
#[derive(Clone, Copy, Debug)]
pub enum ParsedCode {
    /// It is not a code of this issuer.
    Malformed,
    /// Its prefix and its decoded parts.
    Parts(Scheme, DecodedCode),
}

/// The answer to a request for a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthoriseOutcome {
    /// The token is not, or no longer, that of a till.
    UnknownTill,
    /// The key was used with another body before.
    KeyReused,
    /// The sale number is another sale's: of another account or amount, or one that is over.
    ReferenceReused,
    /// A void came first and forbids it.
    ForbiddenByVoid,
    /// It was declined, and no authorisation was made.
    Declined(DeclineReason),
    /// It was asked before: the authorisation as it is now.
    Replayed(Box<Authorisation>),
    /// The sale was asked for by another request before: its authorisation as it is now. No other was made.
    Repeated(Box<Authorisation>),
    /// An authorisation was made: authorised, or declined with the code used up.
    Created(Box<NewAuthorisation>),
}

/// An authorisation that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuthorisation {
    /// The authorisation as it was written.
    pub authorisation: Authorisation,
    /// The card that its account is charged with.
    pub card: Option<ChargeableCard>,
    /// The till's request for it, where that is at hand.
    pub request: Option<TillRequest>,
}

/// A till's request, as a repeated one is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TillRequest {
    /// The till's idempotency key.
    pub key: String,
    /// SHA-256 of the request's body.
    pub hash: [u8; 32],
}
