//! Logging in at an issuer.

use tegata::protocol;

use super::call::call;

call! {
    /// A request to log in.
    LogInCall: protocol::LogInResult =>
    /// Takes the response, and keeps the session in it.
    LogInResult, |_, must_enrol_factor| LogInResult { must_enrol_factor }
}

/// The result of a log-in that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LogInResult {
    /// Whether a recovery code stood in for the second factor: a new one has to be enrolled before anything else.
    pub must_enrol_factor: bool,
}
