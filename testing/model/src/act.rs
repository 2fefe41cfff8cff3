//! What can be done in the model.

use tegata::protocol::{DeviceId, SessionId};
use tegata_policy::{
    Event, ExpectedEvidence, FactorKind, MatchResult, ResetDestination, ResetId, SecretId,
};

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// The owner.
    She,
    /// The thief.
    He,
}

impl Who {
    /// The one device that each signs with.
    #[must_use]
    pub fn device(self) -> DeviceId {
        match self {
            Self::She => DeviceId([1; 32]),
            Self::He => DeviceId([2; 32]),
        }
    }
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// A message, and what is given with it.
    Send(Who, Message, [Given; 2]),
    /// The thief sends a message of hers once more, as she signed it.
    Replay(Message, [Given; 2]),
    /// What was given with the message of that place is compared, and the outcome told.
    Compared(usize),
    /// Six minutes pass: what was just proved is so no longer; twice, and a mailed code is too old.
    Wait,
}

/// What is asked. No field names an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the event of its name")]
pub enum Message {
    LogIn { factor: bool },
    Prove { session: SessionId },
    Enrol { session: SessionId },
    EnrolCode { session: SessionId },
    RenewRecovery { session: SessionId },
    MoveAddress { session: SessionId },
    MoveAddressCode { session: SessionId },
    Freeze { session: SessionId },
    Unfreeze { session: SessionId },
    FreezeCode,
    Undo,
    Reset { to: ResetDestination },
    ResetCode { reset: ResetId },
    ResetFinish { reset: ResetId },
    Provision { session: SessionId },
}

impl Message {
    /// The event that the issuer makes of it, and of what is given with it.
    #[must_use]
    pub fn event(self, device: DeviceId, given: [Given; 2]) -> Event {
        let recovery = given.iter().any(|given| matches!(given, Given::Recovery(_)));
        let factor = if recovery { FactorKind::Recovery } else { FactorKind::Totp };
        let name = String::new();
        match self {
            Self::LogIn { factor: given } => {
                Event::LogIn { device, name, factor: given.then_some(factor) }
            }
            Self::Prove { session } => Event::VerifyFactor { session },
            Self::Enrol { session } => Event::BeginFactorEnrolment { session },
            Self::EnrolCode { session } => Event::VerifyFactorEnrolment { session },
            Self::RenewRecovery { session } => Event::RenewRecoveryCodes { session },
            Self::MoveAddress { session } => Event::ChangeAddress { session },
            Self::MoveAddressCode { session } => Event::VerifyNewAddress { session },
            Self::Freeze { session } => Event::Freeze { session },
            Self::Unfreeze { session } => Event::Unfreeze { session },
            Self::FreezeCode => Event::FreezeByCode,
            Self::Undo => Event::RevertChanges { factor },
            Self::Reset { to } => Event::RequestReset { device, name, to },
            Self::ResetCode { reset } => Event::VerifyReset { reset, device, factor },
            Self::ResetFinish { reset } => Event::FinishReset { reset, device },
            Self::Provision { session } => Event::Provision { session, device },
        }
    }
}

/// What someone types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Given {
    /// Nothing that is right.
    Nothing,
    /// A password.
    Password(SecretId),
    /// A mailed code, or that of a notice.
    Code(SecretId),
    /// Eight digits by chance: of a hundred million, five are tried. A sixth is one too many, and in this model right.
    Guess,
    /// What an authenticator shows at a step.
    Value(SecretId, u64),
    /// A recovery code.
    Recovery(SecretId),
}

impl Given {
    /// What a comparison with it finds, `at` that step of the clock and after so many guesses at the same code.
    #[must_use]
    pub fn found(self, expected: &ExpectedEvidence, at: u64, guesses: u8) -> MatchResult {
        let right = match (expected, self) {
            (ExpectedEvidence::Password(kept), Self::Password(given))
            | (ExpectedEvidence::MailedCode(kept), Self::Code(given)) => *kept == Some(given),
            (ExpectedEvidence::MailedCode(kept), Self::Guess) => kept.is_some() && guesses >= 5,
            (ExpectedEvidence::Notice(kept), Self::Code(given))
            | (ExpectedEvidence::Recovery(kept), Self::Recovery(given))
                if kept.contains(&given) =>
            {
                return MatchResult::Code(given);
            }
            (ExpectedEvidence::Totp(Some((kept, after))), Self::Value(given, step)) => {
                return if *kept == given && step > *after && step > at {
                    MatchResult::TotpStep(step)
                } else {
                    MatchResult::NoMatch
                };
            }
            _ => false,
        };
        if right { MatchResult::Match } else { MatchResult::NoMatch }
    }
}
