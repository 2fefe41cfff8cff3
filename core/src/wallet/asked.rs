//! A request on its way to the issuer, and what its answer is to the wallet that asked.

use super::{AccountAt, IssuerAddress};
use crate::account::messages::{
    AccountView, Call, Close, EndSessions, EnrolFactor, EnrolFactorCode, ForgetDevice, Freeze,
    FreezeByCode, Keep, LogIn, LogOut, MoveAddress, MoveAddressCode, Overview, Prove, RecoveryCode,
    RenewRecovery, Request, Reset, ResetFinish, ResetProof, SecretText, SessionToken, SignUp,
    SignUpCode, SignUpFactor, TakeBack, Ticket, Unfreeze,
};

/// A request for the host to carry, and whom to. Its response belongs to
/// [`OwnAccount::answered`](super::OwnAccount::answered).
#[derive(Debug)]
pub struct Asked<C> {
    pub(super) at: AccountAt,
    pub(super) request: Request<C>,
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

impl<C> Asked<C> {
    /// The one address that it may be sent to: what it carries is worth nothing elsewhere, and must not get there.
    #[must_use]
    pub fn issuer(&self) -> &IssuerAddress {
        &self.at.issuer
    }

    /// Whose account it is about, and where.
    #[must_use]
    pub fn at(&self) -> &AccountAt {
        &self.at
    }

    /// What to send.
    #[must_use]
    pub fn request(&self) -> &Request<C> {
        &self.request
    }
}

/// A call whose answer has two parts: a session, which the wallet keeps for itself, and the rest, which is the host's.
pub trait Parted: Call {
    /// What the host gets.
    type Rest;

    /// The session, if there is one in it, and the rest.
    fn part(answer: Self::Answer) -> (Option<SessionToken>, Self::Rest);
}

macro_rules! parted {
    ($($($call:ident)+ => $rest:ty, $part:expr;)*) => {$($(
        impl Parted for $call {
            type Rest = $rest;

            fn part(answer: Self::Answer) -> (Option<SessionToken>, Self::Rest) {
                let part: fn(Self::Answer) -> _ = $part;
                part(answer)
            }
        }
    )+)*};
}

parted! {
    SignUp Reset => Ticket, |begun| (None, begun.ticket);
    SignUpCode EnrolFactor => SecretText, |enrol| (None, enrol.otpauth);
    SignUpFactor => Vec<RecoveryCode>, |answer| (Some(answer.session), answer.recovery_codes);
    RenewRecovery => Vec<RecoveryCode>, |answer| (None, answer.recovery_codes);
    LogIn => bool, |answer| (Some(answer.session), answer.must_enrol);
    Overview => AccountView, |view| (None, view);
    ResetProof ResetFinish FreezeByCode TakeBack Prove LogOut EndSessions ForgetDevice EnrolFactorCode MoveAddress
    MoveAddressCode Freeze Unfreeze Close Keep => (), |_| (None, ());
}
