//! A request on its way to the issuer, and what its answer is to the wallet that asked.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::{AccountAt, IssuerAddress};
use crate::protocol::{
    AccountExport, AccountView, Begun, Cards, Done, Enrol, Envelope, LoggedIn, PaymentPage,
    RecoveryCode, RecoveryCodes, SecretText, SessionToken, SignedUp, Ticket,
};

/// A request for the host to carry, and whom to; `A` is what the issuer answers if it does as asked. The response belongs
/// to [`OwnAccount::answered`](super::OwnAccount::answered).
#[derive(Debug)]
pub struct Asked<A> {
    pub(super) out: Out,
    answer: PhantomData<fn() -> A>,
}

/// All of it but what kind of answer is expected.
#[derive(Debug)]
pub(super) struct Out {
    pub(super) at: AccountAt,
    pub(super) envelope: Envelope,
    pub(super) then: Then,
}

/// What the wallet does once the issuer has done as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing.
    Nothing,
    /// Drops its session, which counts no longer.
    EndSession,
    /// Goes by the address that the account was moved to.
    TakeAddress,
}

impl<A> Asked<A> {
    pub(super) fn new(out: Out) -> Self {
        Self { out, answer: PhantomData }
    }

    /// Whose account it is about, and where.
    #[must_use]
    pub fn at(&self) -> &AccountAt {
        &self.out.at
    }

    /// The one address that it may be sent to: what it carries is worth nothing elsewhere, and must not get there.
    #[must_use]
    pub fn issuer(&self) -> &IssuerAddress {
        &self.out.at.issuer
    }

    /// What to send.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.out.envelope
    }
}

/// An answer has two parts: a session, which the wallet keeps for itself, and the rest, which is the host's.
pub trait Parted: DeserializeOwned {
    /// What the host gets.
    type Rest;

    /// The session, if there is one in it, and the rest.
    fn part(self) -> (Option<SessionToken>, Self::Rest);
}

macro_rules! parted {
    ($($answer:ident => $rest:ty, $part:expr;)*) => {$(
        impl Parted for $answer {
            type Rest = $rest;

            fn part(self) -> (Option<SessionToken>, Self::Rest) {
                let part: fn(Self) -> _ = $part;
                part(self)
            }
        }
    )*};
}

parted! {
    Begun => Ticket, |begun| (None, begun.ticket);
    Enrol => SecretText, |enrol| (None, enrol.otpauth);
    SignedUp => Vec<RecoveryCode>, |answer| (Some(answer.session), answer.recovery_codes);
    RecoveryCodes => Vec<RecoveryCode>, |answer| (None, answer.recovery_codes);
    LoggedIn => bool, |answer| (Some(answer.session), answer.must_enrol);
    AccountView => AccountView, |view| (None, view);
    AccountExport => AccountExport, |export| (None, export);
    Cards => Cards, |cards| (None, cards);
    PaymentPage => PaymentPage, |page| (None, page);
    Done => (), |_| (None, ());
}
