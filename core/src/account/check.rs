//! A comparison that was counted. Only [`decide`](super::decide()) makes one, after the try stands in the state, so no
//! secret is compared that was not counted before.

use super::event::FactorKind;
use super::ids::{DeviceId, ResetId, SecretId, SessionId};

/// What is to be compared, once, and told with [`Event::Checked`](super::Event::Checked). It cannot be copied, so an
/// outcome is told once.
#[derive(Debug)]
#[cfg_attr(feature = "model", derive(Clone, PartialEq, Eq, Hash))]
pub struct Check {
    pub(super) purpose: Purpose,
    pub(super) compare: Compare,
    /// Whether the outcome counts. One that does not costs the same, so that nobody can tell by the time.
    pub(super) counts: bool,
}

/// What a given value is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Compare {
    /// With a mailed code, or any of several.
    MailedCode(Vec<SecretId>),
    /// With a password's hash. `None`: with one that nothing matches.
    Password(Option<SecretId>),
    /// With the values of an authenticator, of steps after this one. `None`: with one that nothing matches.
    Totp(Option<(SecretId, u64)>),
    /// With recovery codes.
    Recovery(Vec<SecretId>),
}

/// What a comparison found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Found {
    /// No match.
    Nothing,
    /// The mailed code or the password.
    Match,
    /// The value of this step of an authenticator.
    Step(u64),
    /// This recovery code.
    Code(SecretId),
}

/// What the comparison is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    SignUpCode,
    SignUpFactor,
    Password(LogIn),
    Factor(LogIn),
    Prove { session: SessionId },
    Enrol { session: SessionId },
    Move { session: SessionId },
    ResetCode { reset: ResetId, device: DeviceId, factor: FactorKind },
    ResetFactor { reset: ResetId, device: DeviceId },
    Freeze,
    UndoCode { factor: FactorKind },
    UndoFactor,
}

/// A log-in that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct LogIn {
    pub(super) device: DeviceId,
    pub(super) name: String,
    pub(super) factor: Option<FactorKind>,
    /// Whether the account knew the device.
    pub(super) known: bool,
}

impl Check {
    /// What to compare the given value with. Compare all of it, whatever is found, in constant time.
    #[must_use]
    pub fn compare(&self) -> &Compare {
        &self.compare
    }
}
