//! A comparison whose attempt was counted. Only [`decide`](super::decide()) creates one, after the attempt is in the
//! state, so no secret is compared without being counted. The one exception is the first value of a new factor, whose
//! secret was just shown to the same person.

use tegata::protocol::{DeviceId, SessionId};

use super::ids::{Epoch, ResetId, SecretId};

/// The kind of second factor that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FactorKind {
    /// Six digits of an authenticator.
    Totp,
    /// One of the recovery codes.
    Recovery,
}

/// The budget that an attempt to log in is counted against, on a device that the account does not know. Each is opened by
/// a proof that is right and cannot be guessed; whoever has none shares the strangers'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Without such a proof.
    Strangers,
    /// With one of the account's recovery codes.
    RecoveryCode,
    /// With a code that was mailed for logging in.
    MailedCode,
}

/// A comparison to make once and to report with
/// [`Event::CompleteVerification`](super::Event::CompleteVerification). It cannot be copied, so its result is reported once.
#[derive(Debug)]
#[cfg_attr(feature = "model", derive(Clone, PartialEq, Eq, Hash))]
pub struct PendingVerification {
    pub(super) purpose: Purpose,
    pub(super) expected: ExpectedEvidence,
    /// Whether the result counts. A comparison that does not count costs the same, so that timing reveals nothing.
    pub(super) counts: bool,
    /// The account's epoch when the comparison was requested: a replaced password voids comparisons in progress.
    pub(super) epoch: Epoch,
}

/// What the value sent by the client is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExpectedEvidence {
    /// A mailed code; `None` matches nothing.
    MailedCode(Option<SecretId>),
    /// The codes of change notices.
    Notice(Vec<SecretId>),
    /// A password's hash; `None` matches nothing.
    Password(Option<SecretId>),
    /// The values of an authenticator at steps after this one; `None` matches nothing.
    Totp(Option<(SecretId, u64)>),
    /// The unused recovery codes.
    Recovery(Vec<SecretId>),
}

/// The result of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchResult {
    /// No stored value matched.
    NoMatch,
    /// The mailed code or the password matched.
    Match,
    /// The authenticator's value of this step matched.
    TotpStep(u64),
    /// This recovery code, or the code of this notice, matched.
    Code(SecretId),
}

/// The operation that a comparison belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    SignUpCode,
    SignUpFactor,
    LogInCode { code: ResetId, device: DeviceId },
    FreezeCode { code: ResetId, device: DeviceId },
    FreezeFactor,
    Unfreeze { session: SessionId },
    LogInPassword(LogInAttempt),
    LogInFactor(LogInAttempt),
    VerifyFactor { session: SessionId },
    VerifyFactorEnrolment { session: SessionId },
    VerifyNewAddress { session: SessionId },
    ResetCode { reset: ResetId, device: DeviceId, factor: FactorKind },
    ResetFactor { reset: ResetId, device: DeviceId },
    FreezeNotice,
    RevertNotice { factor: FactorKind },
    RevertFactor,
}

/// A log-in in progress.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct LogInAttempt {
    pub(super) device: DeviceId,
    pub(super) name: String,
    pub(super) factor: Option<FactorKind>,
    pub(super) lane: Lane,
}

/// The secrets that matched. They are named because the account may have replaced them in the meantime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VerifiedEvidence {
    /// No stored value matched.
    Nothing,
    /// A password or a code of any kind matched one of these.
    Secrets(Vec<SecretId>),
    /// The value of this authenticator at this step matched.
    TotpStep(SecretId, u64),
}

impl VerifiedEvidence {
    /// Whether the account still has every matched secret among `current`.
    pub(super) fn is_among(&self, current: &[SecretId]) -> bool {
        matches!(self, Self::Secrets(ids) if ids.iter().all(|id| current.contains(id)))
    }
}

impl PendingVerification {
    /// What to compare the client's value with. Compare with all of it, whatever matches, in constant time.
    #[must_use]
    pub fn expected(&self) -> &ExpectedEvidence {
        &self.expected
    }

    /// The matched secrets. A result of another kind than the comparison asked for matches nothing.
    pub(super) fn evidence(&self, result: MatchResult) -> VerifiedEvidence {
        match (&self.expected, result) {
            (
                ExpectedEvidence::Password(Some(secret))
                | ExpectedEvidence::MailedCode(Some(secret)),
                MatchResult::Match,
            ) => VerifiedEvidence::Secrets(vec![*secret]),
            (
                ExpectedEvidence::Notice(codes) | ExpectedEvidence::Recovery(codes),
                MatchResult::Code(code),
            ) if codes.contains(&code) => VerifiedEvidence::Secrets(vec![code]),
            (ExpectedEvidence::Totp(Some((secret, after))), MatchResult::TotpStep(step))
                if step > *after =>
            {
                VerifiedEvidence::TotpStep(*secret, step)
            }
            _ => VerifiedEvidence::Nothing,
        }
    }
}
