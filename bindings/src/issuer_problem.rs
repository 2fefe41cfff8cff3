//! Why the issuer did not do what was requested.

use tegata::protocol::{self, Refusal};

use crate::number::seconds;

/// Why the issuer did not do what was requested. Each case is something an app reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
#[non_exhaustive]
pub enum IssuerProblem {
    /// A password, code or second factor is wrong, no longer valid, or was tried too often. The issuer does not say which.
    InvalidCredentials,
    /// The password was not given within the last five minutes: log in again.
    LoginTooOld,
    /// The second factor was not given within the last five minutes: verify it, or log in with it.
    FactorRequired,
    /// The account was frozen with a recovery code, or with the code of a notice: unfreeze it with a recovery code.
    RecoveryCodeRequired,
    /// A recovery code stood in for the second factor: enrol a new second factor first.
    EnrolmentRequired,
    /// The account is frozen.
    Frozen,
    /// No operation of that kind is pending.
    NoPendingOperation,
    /// Others tried this address too often: request a code by mail with `request_log_in_code`, or to freeze with
    /// `request_freeze_code`.
    CodeNeeded,
    /// This was tried or changed too often. Nothing was done.
    TooManyAttempts {
        /// Seconds until the next try is taken: up to a week.
        retry_after: i64,
    },
    /// The new password is easy to guess: ask for another.
    WeakPassword,
    /// The processor has registered no card: have it registered again, or use another card.
    CardRefused,
    /// The issuer's operator has stopped this kind of request for now.
    Stopped,
    /// The issuer has as many payment credentials as its codes can tell apart.
    CapacityReached,
    /// The issuer is busy, or got too many requests. Nothing was done.
    Busy {
        /// Seconds until the next try.
        retry_after: i64,
    },
    /// The issuer took the request for malformed. Is the app up to date?
    MalformedRequest,
    /// Something failed at the issuer.
    InternalError,
    /// The response is not what an issuer answers. Nobody knows whether it was done. Is the address right?
    UnreadableAnswer,
}

impl From<protocol::IssuerProblem> for IssuerProblem {
    fn from(problem: protocol::IssuerProblem) -> Self {
        use protocol::IssuerProblem as Problem;
        match problem {
            // `NotLoggedIn` is the wallet's own error; it does not get here.
            Problem::Refused(Refusal::InvalidCredentials | Refusal::NotLoggedIn) => {
                Self::InvalidCredentials
            }
            Problem::Refused(Refusal::LoginTooOld) => Self::LoginTooOld,
            Problem::Refused(Refusal::FactorRequired) => Self::FactorRequired,
            Problem::Refused(Refusal::RecoveryCodeRequired) => Self::RecoveryCodeRequired,
            Problem::Refused(Refusal::EnrolmentRequired) => Self::EnrolmentRequired,
            Problem::Refused(Refusal::Frozen) => Self::Frozen,
            Problem::Refused(Refusal::NoPendingOperation) => Self::NoPendingOperation,
            Problem::Refused(Refusal::CodeNeeded) => Self::CodeNeeded,
            Problem::Refused(Refusal::TooManyAttempts { wait }) => {
                Self::TooManyAttempts { retry_after: seconds(wait) }
            }
            Problem::WeakPassword => Self::WeakPassword,
            Problem::CardRefused => Self::CardRefused,
            Problem::Stopped => Self::Stopped,
            Problem::CapacityReached => Self::CapacityReached,
            // A request is signed again before this; only an issuer that never has enough of it gets here.
            Problem::Stale => Self::Busy { retry_after: 1 },
            Problem::Busy(wait) => Self::Busy { retry_after: seconds(wait) },
            Problem::Malformed => Self::MalformedRequest,
            Problem::InternalError => Self::InternalError,
            Problem::UnreadableAnswer => Self::UnreadableAnswer,
        }
    }
}
