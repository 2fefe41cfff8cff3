//! Why the issuer refuses a message.

use std::fmt;

/// Why the issuer refuses a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// Some of the credentials are wrong or expired. The issuer does not say which.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// The session token is not that of a session.
    #[error("log in first")]
    NotLoggedIn,
    /// The password was not given within the last five minutes.
    #[error("log in again: this requires a login within the last five minutes")]
    LoginTooOld,
    /// The second factor was not verified within the last five minutes.
    #[error("verify your second factor: this requires it within the last five minutes")]
    FactorRequired,
    /// The account was frozen with a recovery code, or with the code of a notice: that is lifted with a recovery code as
    /// well.
    #[error(
        "give a recovery code as well: this freeze was made with one, or with the code of a notice"
    )]
    RecoveryCodeRequired,
    /// A recovery code stood in for the second factor: a new one has to be enrolled first.
    #[error("enrol a second factor first")]
    EnrolmentRequired,
    /// The account is frozen.
    #[error("the account is frozen")]
    Frozen,
    /// No operation of that kind is pending.
    #[error("no such operation is pending")]
    NoPendingOperation,
    /// Others tried to log in with this address too often: a mailed code is needed.
    #[error("request a code by mail and log in with it: others tried this address too often")]
    CodeNeeded,
    /// This was tried or changed too often.
    #[error("too many attempts; try again in {}", WaitText(*.wait))]
    TooManyAttempts {
        /// Seconds until the next try is taken.
        wait: u64,
    },
}

impl Refusal {
    /// All of them, with the shortest wait.
    pub const ALL: [Self; 10] = [
        Self::InvalidCredentials,
        Self::NotLoggedIn,
        Self::LoginTooOld,
        Self::FactorRequired,
        Self::RecoveryCodeRequired,
        Self::EnrolmentRequired,
        Self::Frozen,
        Self::NoPendingOperation,
        Self::CodeNeeded,
        Self::TooManyAttempts { wait: 1 },
    ];

    /// Names it in a problem document, after `urn:tegata:problem:`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidCredentials => "refused",
            Self::NotLoggedIn => "not-logged-in",
            Self::LoginTooOld => "login-too-old",
            Self::FactorRequired => "factor-needed",
            Self::RecoveryCodeRequired => "recovery-code-needed",
            Self::EnrolmentRequired => "enrol-first",
            Self::Frozen => "frozen",
            Self::NoPendingOperation => "nothing-to-do",
            Self::CodeNeeded => "code-needed",
            Self::TooManyAttempts { .. } => "too-often",
        }
    }
}

/// Writes seconds for people, rounded up, so that whoever waits that long is not too early.
pub(super) struct WaitText(pub(super) u64);

impl fmt::Display for WaitText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] =
            [(24 * 60 * 60, "days"), (60 * 60, "hours"), (60, "minutes")];
        let seconds = self.0;
        let fits = |(length, _): &&(u64, &str)| seconds >= 2 * length;
        match UNITS.iter().find(fits) {
            Some((length, unit)) => write!(f, "{} {unit}", seconds.div_ceil(*length)),
            None if seconds == 1 => f.write_str("1 second"),
            None => write!(f, "{seconds} seconds"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up() {
        for (seconds, words) in [
            (1, "1 second"),
            (7, "7 seconds"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (121, "3 minutes"),
            (7199, "120 minutes"),
            (7200, "2 hours"),
            (172_799, "48 hours"),
            (172_800, "2 days"),
            (604_799, "7 days"),
        ] {
            assert_eq!(WaitText(seconds).to_string(), words);
        }
        assert_eq!(
            Refusal::TooManyAttempts { wait: 3601 }.to_string(),
            "too many attempts; try again in 61 minutes"
        );
    }
}
