//! The issuer's memory of used codes and of attempts: a code is good once, and guessing is hopeless.

use std::fmt;

use super::counter::Counter;
use super::till::TillId;
use crate::UnixTime;

/// 16 random bytes that name a payment credential, at the issuer and in the wallet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CredentialId(pub [u8; 16]);

impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialId({self})")
    }
}

/// How many unmatched attempts a day are compared. A matched code reverts its own count, so honest trade does not use
/// these up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptLimits {
    /// Attempts of one till, whatever it sends. Past it the till is stopped, not the shopper.
    pub per_till: u32,
    /// Attempts on one credential by one till.
    pub per_till_and_candidate: u32,
    /// Attempts on one credential by all tills. Wider than the one above, so that one till alone locks no shopper out.
    pub per_candidate: u32,
}

impl Default for AttemptLimits {
    /// 200 a till, 10 a till and credential, 100 a credential: at 3.1 in 10^8 a try, 3 in a million a day.
    fn default() -> Self {
        Self { per_till: 200, per_till_and_candidate: 10, per_candidate: 100 }
    }
}

/// The result of counting an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The till is past its limit.
    TillStopped,
    /// Whether each candidate is within its limits, in their order.
    Candidates(Vec<bool>),
}

/// An issuer's memory. Each method is atomic and durable before it returns; many tills call at once.
pub trait ReplayGuard {
    /// The error of the store.
    type Error;

    /// Counts one attempt of a till on the candidates, **before** anything is compared. With no candidate
    /// (a malformed code, an unknown alias) it counts against the till alone.
    ///
    /// # Errors
    /// The store's. The attempt must not go on then.
    fn count_attempt(
        &self,
        till: &TillId,
        candidates: &[CredentialId],
        now: UnixTime,
    ) -> Result<Admission, Self::Error>;

    /// Reverts what [`ReplayGuard::count_attempt`] counted with the same arguments, after a unique match.
    ///
    /// # Errors
    /// The store's.
    fn revert_attempt(
        &self,
        till: &TillId,
        candidates: &[CredentialId],
        now: UnixTime,
    ) -> Result<(), Self::Error>;

    /// Sets the credential's last accepted counter to `counter` if that is greater, in one step. `false` when it is
    /// not: the code is used. Of any number of callers with the same counter, one gets `true`.
    ///
    /// # Errors
    /// The store's. The code must be treated as not accepted.
    fn advance_counter(
        &self,
        credential: CredentialId,
        counter: Counter,
    ) -> Result<bool, Self::Error>;
}
