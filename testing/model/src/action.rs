//! The actions of the model.

use tegata::UnixTime;
use tegata::protocol::{DeviceId, SessionId};
use tegata_policy::{
    Event, ExpectedEvidence, FactorKind, MatchResult, ResetDestination, ResetId, SecretId,
};

/// The person who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The owner of the account.
    Owner,
    /// The attacker of the model.
    Attacker,
}

impl Actor {
    /// The one device that the actor signs with.
    #[must_use]
    pub fn device(self) -> DeviceId {
        match self {
            Self::Owner => DeviceId([1; 32]),
            Self::Attacker => DeviceId([2; 32]),
        }
    }
}

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Sends a message with the values typed for it.
    Send(Actor, Message, [TypedValue; 2]),
    /// The attacker replays a message as the owner signed it.
    Replay(Message, [TypedValue; 2]),
    /// Compares what was typed with the pending message of this index, and reports the result.
    Verify(usize),
    /// Lets eight minutes pass: a verification is no longer fresh; after two waits a mailed code is too old.
    Wait,
}

/// A request. No field of it names an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant becomes the event of the same name")]
pub enum Message {
    LogIn { factor: bool },
    VerifyFactor { session: SessionId },
    BeginFactorEnrolment { session: SessionId },
    VerifyFactorEnrolment { session: SessionId },
    RenewRecoveryCodes { session: SessionId },
    ChangeAddress { session: SessionId },
    VerifyNewAddress { session: SessionId },
    Freeze { session: SessionId },
    Unfreeze { session: SessionId },
    FreezeByCode,
    RevertChanges,
    RequestReset { to: ResetDestination },
    VerifyReset { reset: ResetId },
    FinishReset { reset: ResetId },
    Provision { session: SessionId },
}

impl Message {
    /// The event that the issuer creates from the message and the typed values; the owner paid just now or never.
    #[must_use]
    pub fn event(self, device: DeviceId, typed: [TypedValue; 2], owner_pays: bool) -> Event {
        let recovery = typed.iter().any(|typed| matches!(typed, TypedValue::Recovery(_)));
        let factor = if recovery { FactorKind::Recovery } else { FactorKind::Totp };
        let name = String::new();
        match self {
            Self::LogIn { factor: typed } => Event::LogIn {
                device,
                name,
                factor: typed.then_some(factor),
                lane: tegata_policy::Lane::Strangers,
            },
            Self::VerifyFactor { session } => Event::VerifyFactor { session },
            Self::BeginFactorEnrolment { session } => Event::BeginFactorEnrolment { session },
            Self::VerifyFactorEnrolment { session } => Event::VerifyFactorEnrolment { session },
            Self::RenewRecoveryCodes { session } => Event::RenewRecoveryCodes { session },
            Self::ChangeAddress { session } => Event::ChangeAddress { session },
            Self::VerifyNewAddress { session } => Event::VerifyNewAddress { session },
            Self::Freeze { session } => Event::Freeze { session, signer: Some(device) },
            Self::Unfreeze { session } => Event::Unfreeze { session },
            Self::FreezeByCode => Event::FreezeByCode,
            Self::RevertChanges => Event::RevertChanges { factor },
            Self::RequestReset { to } => Event::RequestReset { device, to, within_budget: true },
            Self::VerifyReset { reset } => Event::VerifyReset { reset, device, factor },
            Self::FinishReset { reset } => Event::FinishReset { reset, device },
            Self::Provision { session } => {
                Event::Provision { session, device, last_used: owner_pays.then_some(UnixTime::MAX) }
            }
        }
    }
}

/// A value that someone types in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TypedValue {
    /// A value that matches nothing.
    Nothing,
    /// A password, by its id.
    Password(SecretId),
    /// A mailed code, or the code of a notice.
    Code(SecretId),
    /// Eight random digits. Of a hundred million, five are tried; a sixth is one too many, and in this model it matches.
    Guess,
    /// The value of an authenticator at a time step.
    Value(SecretId, u64),
    /// A recovery code, by its id.
    Recovery(SecretId),
}

impl TypedValue {
    /// The result of comparing the value, `at` a time step and after `guesses` guesses at the same code.
    #[must_use]
    pub fn compare(self, expected: &ExpectedEvidence, at: u64, guesses: u8) -> MatchResult {
        let is_match = match (expected, self) {
            (ExpectedEvidence::Password(stored), Self::Password(typed))
            | (ExpectedEvidence::MailedCode(stored), Self::Code(typed)) => *stored == Some(typed),
            (ExpectedEvidence::MailedCode(stored), Self::Guess) => stored.is_some() && guesses >= 5,
            (ExpectedEvidence::Notice(stored), Self::Code(typed))
            | (ExpectedEvidence::Recovery(stored), Self::Recovery(typed))
                if stored.contains(&typed) =>
            {
                return MatchResult::Code(typed);
            }
            (ExpectedEvidence::Totp(Some((stored, after))), Self::Value(typed, step)) => {
                return if *stored == typed && step > *after && step > at {
                    MatchResult::TotpStep(step)
                } else {
                    MatchResult::NoMatch
                };
            }
            _ => false,
        };
        if is_match { MatchResult::Match } else { MatchResult::NoMatch }
    }
}
