//! Why the issuer did not do as asked.

use tegata::protocol::IssuerProblem;
use tegata::protocol::Refusal;

use crate::error::seconds;

/// Why the issuer did not do as asked. Each kind is something an app reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
pub enum IssuerProblem {
    /// Some of the credentials are wrong, expired or were tried too often; which is not told.
    Refused,
    /// The password was not given within the last five minutes: log in again.
    LoginTooOld,
    /// The second factor was not given within the last five minutes: prove it, or log in with it.
    FactorNeeded,
    /// A recovery code stood in for the second factor: enrol a new one first.
    EnrolFirst,
    /// The account is frozen.
    Frozen,
    /// Nothing of that kind is under way.
    NothingToDo,
    /// This was tried or changed too often; nothing was done.
    TooOften {
        /// When to come again: up to a week.
        seconds: i64,
    },
    /// The new password is one that others guess: ask for another.
    WeakPassword,
    /// The processor takes no card by this token: register it anew, or another one.
    CardRefused,
    /// Whoever runs the issuer has stopped this for now.
    Stopped,
    /// The issuer has as many payment credentials as its codes can tell apart.
    NoRoom,
    /// Too many requests, or too busy: nothing was done.
    Later {
        /// When to come again.
        seconds: i64,
    },
    /// The issuer took the request for malformed: is the app up to date?
    Malformed,
    /// Something failed at the issuer.
    Fault,
    /// What came back is not what an issuer answers; whether it was done is not known. Is the address right?
    NotUnderstood,
}

impl From<IssuerProblem> for IssuerProblem {
    fn from(why: IssuerProblem) -> Self {
        match why {
            // `NotLoggedIn` is the wallet's own error; it does not get here.
            Why::Refused(Refusal::Wrong | Refusal::NotLoggedIn) => Self::Refused,
            Why::Refused(Refusal::LoginTooOld) => Self::LoginTooOld,
            Why::Refused(Refusal::FactorNeeded) => Self::FactorNeeded,
            Why::Refused(Refusal::EnrolFirst) => Self::EnrolFirst,
            Why::Refused(Refusal::Frozen) => Self::Frozen,
            Why::Refused(Refusal::NothingToDo) => Self::NothingToDo,
            Why::Refused(Refusal::TooOften { wait }) => Self::TooOften { seconds: seconds(wait) },
            Why::WeakPassword => Self::WeakPassword,
            Why::CardRefused => Self::CardRefused,
            Why::Stopped => Self::Stopped,
            Why::CapacityReached => Self::NoRoom,
            Why::Busy(wait) => Self::Later { seconds: seconds(wait) },
            Why::Malformed => Self::Malformed,
            Why::InternalError => Self::Fault,
            Why::UnreadableAnswer => Self::NotUnderstood,
        }
    }
}
