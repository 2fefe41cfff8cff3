//! A comparison that was counted. Only [`decide`](super::decide()) makes one, after the try stands in the state, so no
//! secret is compared that was not counted before. One thing is not counted: the first value of a new factor, whose
//! secret was just shown to the same person.

use tegata::protocol::{DeviceId, SessionId};

use super::event::FactorKind;
use super::ids::{Epoch, ResetId, SecretId};

/// What is to be compared, once, and told with [`Event::Checked`](super::Event::Checked). It cannot be copied, so an
/// outcome is told once.
#[derive(Debug)]
#[cfg_attr(feature = "model", derive(Clone, PartialEq, Eq, Hash))]
pub struct Check {
    pub(super) purpose: Purpose,
    pub(super) compare: Compare,
    /// Whether the outcome counts. One that does not costs the same, so that nobody can tell by the time.
    pub(super) counts: bool,
    /// The account's when it was asked for: what is under way when a password is replaced comes to nothing.
    pub(super) epoch: Epoch,
}

/// What a given value is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Compare {
    /// With a mailed code; with nothing, if there is none.
    MailedCode(Option<SecretId>),
    /// With the codes of notices.
    Notice(Vec<SecretId>),
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
    /// This recovery code, or the code of this notice.
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
}

/// What was right, by the secret that it was compared with: the account may have another by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// Nothing.
    Nothing,
    /// One of these: a password, a code of any kind.
    OneOf(Vec<SecretId>),
    /// The value of this step of this authenticator.
    Step(SecretId, u64),
}

impl Right {
    /// Whether it is right still: the account has no other in its place.
    pub(super) fn among(&self, kept: &[SecretId]) -> bool {
        matches!(self, Self::OneOf(ids) if ids.iter().all(|id| kept.contains(id)))
    }
}

impl Check {
    /// What to compare the given value with. Compare all of it, whatever is found, in constant time.
    #[must_use]
    pub fn compare(&self) -> &Compare {
        &self.compare
    }

    /// What was right. An answer to another question than the one that was asked is none.
    pub(super) fn right(&self, found: Found) -> Right {
        match (&self.compare, found) {
            (Compare::Password(Some(kept)) | Compare::MailedCode(Some(kept)), Found::Match) => {
                Right::OneOf(vec![*kept])
            }
            (Compare::Notice(codes) | Compare::Recovery(codes), Found::Code(code))
                if codes.contains(&code) =>
            {
                Right::OneOf(vec![code])
            }
            (Compare::Totp(Some((secret, after))), Found::Step(step)) if step > *after => {
                Right::Step(*secret, step)
            }
            _ => Right::Nothing,
        }
    }
}
