//! A request on its way to the issuer, and what its answer is to the wallet that asked.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::{AccountProfile, IssuerAddress};
use crate::protocol::{
    AccountExport, AccountOverview, Acknowledgement, Cards, Envelope, FactorEnrolment,
    IssuedTicket, LogInResult, PaymentPage, RecoveryCode, RecoveryCodes, SecretText, SessionToken,
    SignUpResult, Ticket,
};

/// A request for the host to carry, and whom to; `A` is what the issuer answers if it does as asked. The response belongs
/// to [`Account::complete`](super::Account::answered).
#[derive(Debug)]
pub struct PendingRequest<A> {
    pub(super) out: OutgoingRequest,
    answer: PhantomData<fn() -> A>,
}

/// All of it but what kind of answer is expected.
#[derive(Debug)]
pub(super) struct OutgoingRequest {
    pub(super) profile: AccountProfile,
    pub(super) envelope: Envelope,
    pub(super) then: FollowUp,
}

/// What the wallet does once the issuer has done as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FollowUp {
    /// Nothing.
    Nothing,
    /// Drops its session, which counts no longer.
    DiscardSession,
    /// Goes by the address that the account was moved to.
    UpdateAddress,
}

impl<A> PendingRequest<A> {
    pub(super) fn new(out: OutgoingRequest) -> Self {
        Self { out, answer: PhantomData }
    }

    /// Whose account it is about, and where.
    #[must_use]
    pub fn profile(&self) -> &AccountProfile {
        &self.out.profile
    }

    /// The one address that it may be sent to: what it carries is worth nothing elsewhere, and must not get there.
    #[must_use]
    pub fn issuer(&self) -> &IssuerAddress {
        &self.out.profile.issuer
    }

    /// What to send.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.out.envelope
    }
}

/// An answer has two parts: a session, which the wallet keeps for itself, and the rest, which is the host's.
pub trait SplitSession: DeserializeOwned {
    /// What the host gets.
    type Rest;

    /// The session, if there is one in it, and the rest.
    fn split_session(self) -> (Option<SessionToken>, Self::Rest);
}

macro_rules! split_session {
    ($($answer:ident => $rest:ty, $split:expr;)*) => {$(
        impl SplitSession for $answer {
            type Rest = $rest;

            fn split_session(self) -> (Option<SessionToken>, Self::Rest) {
                let split: fn(Self) -> _ = $split;
                split(self)
            }
        }
    )*};
}

split_session! {
    IssuedTicket => Ticket, |begun| (None, begun.ticket);
    FactorEnrolment => SecretText, |enrol| (None, enrol.otpauth);
    SignUpResult => Vec<RecoveryCode>, |answer| (Some(answer.session), answer.recovery_codes);
    RecoveryCodes => Vec<RecoveryCode>, |answer| (None, answer.recovery_codes);
    LogInResult => bool, |answer| (Some(answer.session), answer.must_enrol);
    AccountOverview => AccountOverview, |view| (None, view);
    AccountExport => AccountExport, |export| (None, export);
    Cards => Cards, |cards| (None, cards);
    PaymentPage => PaymentPage, |page| (None, page);
    Acknowledgement => (), |_| (None, ());
}
