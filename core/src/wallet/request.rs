//! A request on its way to the issuer, and what the wallet does with the answer.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::issuer_address::IssuerAddress;
use super::profile::AccountProfile;
use super::recovery_codes::IssuedRecoveryCodes;
use crate::protocol::{
    AccountExport, AccountOverview, Acknowledgement, AnswerKey, CardSetup, Cards, DeviceStatus,
    Envelope, FactorEnrolment, IssuedTicket, LogInResult, PaymentPage, RecoveryCodes, SecretText,
    SessionToken, SignUpResult, Ticket,
};
use crate::vault::RecordId;

/// A request for the host to send, and the issuer that it is for; `A` is the type of the answer. Hand the response to
/// [`Account::complete`](super::Account::complete).
#[derive(Debug)]
pub struct PendingRequest<A> {
    pub(super) out: OutgoingRequest,
    answer: PhantomData<fn() -> A>,
}

/// A request without the type of its answer.
#[derive(Debug)]
pub(super) struct OutgoingRequest {
    pub(super) profile: AccountProfile,
    pub(super) envelope: Envelope,
    /// The record of the session that it is sent in, if that is under the payment lock.
    pub(super) session: Option<RecordId>,
    pub(super) then: FollowUp,
    /// What opens the answer, if it is sealed.
    pub(super) answer_key: Option<AnswerKey>,
    /// Whether it was signed again, which is done once.
    pub(super) is_signed_again: bool,
}

/// What the wallet does once the issuer has done what was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FollowUp {
    /// There is nothing more to do.
    Nothing,
    /// Drops the session, which has ended.
    DiscardSession,
    /// Uses the new address of the account.
    UpdateAddress,
    /// Forgets the queued message, also if the issuer refused it.
    ForgetMessage(RecordId),
}

impl<A> PendingRequest<A> {
    pub(super) fn new(out: OutgoingRequest) -> Self {
        Self { out, answer: PhantomData }
    }

    /// The account that the request is about.
    #[must_use]
    pub fn profile(&self) -> &AccountProfile {
        &self.out.profile
    }

    /// The only address that it may be sent to: what it contains must not get anywhere else.
    #[must_use]
    pub fn issuer(&self) -> &IssuerAddress {
        &self.out.profile.issuer
    }

    /// The request to send: path, body and headers. Hand the response to [`Account::sign_again`](super::Account::sign_again)
    /// first: it may have to be sent once more.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.out.envelope
    }
}

/// An answer of two parts: a session, which the wallet keeps for itself, and the rest, which is the host's.
pub trait SplitSession: DeserializeOwned {
    /// The part that the host gets.
    type Rest;

    /// Splits the answer into the session, if it has one, and the rest.
    fn split_session(self) -> (Option<SessionToken>, Self::Rest);

    /// The second factor in the answer, if the issuer made a new one.
    fn issued_factor(&self) -> Option<&SecretText> {
        None
    }
}

impl SplitSession for FactorEnrolment {
    type Rest = SecretText;

    fn split_session(self) -> (Option<SessionToken>, Self::Rest) {
        (None, self.otpauth)
    }

    fn issued_factor(&self) -> Option<&SecretText> {
        Some(&self.otpauth)
    }
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
    IssuedTicket => Ticket, |issued| (None, issued.ticket);
    SignUpResult => IssuedRecoveryCodes, |answer| {
        (Some(answer.session), IssuedRecoveryCodes::new(answer.recovery_codes))
    };
    RecoveryCodes => IssuedRecoveryCodes, |answer| {
        (None, IssuedRecoveryCodes::new(answer.recovery_codes))
    };
    LogInResult => bool, |answer| (Some(answer.session), answer.must_enrol);
    AccountOverview => AccountOverview, |overview| (None, overview);
    AccountExport => AccountExport, |export| (None, export);
    CardSetup => CardSetup, |setup| (None, setup);
    Cards => Cards, |cards| (None, cards);
    DeviceStatus => DeviceStatus, |status| (None, status);
    PaymentPage => PaymentPage, |page| (None, page);
    Acknowledgement => (), |_| (None, ());
}
