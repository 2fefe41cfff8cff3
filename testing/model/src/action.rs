//! The actions of the model.

use tegata::UnixTime;
use tegata::protocol::{DeviceId, SessionId};
use tegata_policy::{
    Event, ExpectedEvidence, FactorKind, Lane, MatchResult, ResetDestination, ResetId, SecretId,
};

/// The person who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The owner of the account.
    Owner,
    /// The attacker of the model.
    Attacker,
}

/// The device that the owner signed up with.
pub(crate) const OWNERS_PHONE: DeviceId = DeviceId([1; 32]);

/// How long a wait is: past a verification that is fresh, past a credential that waits, past the time in which changes are
/// reverted and an account is deleted, past a session that nobody uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// Eight minutes: shorter than a mailed code's lifetime.
    Minutes,
    /// 25 hours: past each limit that holds for a day.
    Day,
    /// Eight days: past each limit that holds for a week.
    Week,
    /// 31 days: past each limit that holds for a month.
    Month,
}

impl Wait {
    /// All waits, the shortest first.
    pub const ALL: [Self; 4] = [Self::Minutes, Self::Day, Self::Week, Self::Month];

    /// How long it is.
    #[must_use]
    pub fn seconds(self) -> u64 {
        const HOUR: u64 = 60 * 60;
        match self {
            Self::Minutes => 8 * 60,
            Self::Day => 25 * HOUR,
            Self::Week => 8 * 24 * HOUR,
            Self::Month => 31 * 24 * HOUR,
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
    /// Lets the time of a wait pass.
    Wait(Wait),
    /// The attacker spends every budget that strangers have for the address.
    SpendBudgets,
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
    FreezeByFactor,
    FreezeFromDevice,
    RequestFreezeCode,
    VerifyFreezeCode { code: ResetId },
    RequestLogInCode,
    VerifyLogInCode { code: ResetId },
    FreezeByCode,
    RevertChanges,
    RequestReset { to: ResetDestination },
    VerifyReset { reset: ResetId },
    FinishReset { reset: ResetId },
    Provision { session: SessionId },
    ConfirmCredential { session: SessionId },
    UseSession { session: SessionId },
    EndSessions { session: SessionId },
    EndDeviceSessions,
    ForgetDevice { session: SessionId, device: DeviceId },
    RequestDeletion { session: SessionId },
    CancelDeletion { session: SessionId },
}

/// What an event is created with, beside the message.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// The device that signs.
    pub device: DeviceId,
    /// Whether the owner paid just now, or never.
    pub owner_pays: bool,
    /// The lane of a log-in.
    pub lane: Lane,
}

impl Message {
    /// The event that the issuer creates from the message and the typed values.
    #[must_use]
    pub fn event(self, typed: [TypedValue; 2], with: Circumstances) -> Event {
        let Circumstances { device, owner_pays, lane } = with;
        let signer = Some(device);
        let recovery = typed.iter().any(|typed| matches!(typed, TypedValue::Recovery(_)));
        let factor = if recovery { FactorKind::Recovery } else { FactorKind::Totp };
        let name = String::new();
        match self {
            Self::LogIn { factor: typed } => {
                Event::LogIn { device, name, factor: typed.then_some(factor), lane }
            }
            Self::VerifyFactor { session } => Event::VerifyFactor { session },
            Self::BeginFactorEnrolment { session } => Event::BeginFactorEnrolment { session },
            Self::VerifyFactorEnrolment { session } => Event::VerifyFactorEnrolment { session },
            Self::RenewRecoveryCodes { session } => Event::RenewRecoveryCodes { session },
            Self::ChangeAddress { session } => Event::ChangeAddress { session },
            Self::VerifyNewAddress { session } => Event::VerifyNewAddress { session },
            Self::Freeze { session } => Event::Freeze { session, signer },
            Self::Unfreeze { session } => Event::Unfreeze { session, with_recovery_code: recovery },
            Self::FreezeByFactor => Event::FreezeByFactor { device, factor },
            Self::FreezeFromDevice => Event::FreezeFromDevice { device },
            Self::RequestFreezeCode => Event::RequestFreezeCode { device, within_budget: true },
            Self::VerifyFreezeCode { code } => Event::VerifyFreezeCode { code, device },
            Self::RequestLogInCode => Event::RequestLogInCode { device, within_budget: true },
            Self::VerifyLogInCode { code } => Event::VerifyLogInCode { code, device },
            Self::FreezeByCode => Event::FreezeByCode,
            Self::RevertChanges => Event::RevertChanges { factor },
            Self::RequestReset { to } => Event::RequestReset { device, to, within_budget: true },
            Self::VerifyReset { reset } => Event::VerifyReset { reset, device, factor },
            Self::FinishReset { reset } => Event::FinishReset { reset, device },
            Self::Provision { session } => {
                Event::Provision { session, device, last_used: owner_pays.then_some(UnixTime::MAX) }
            }
            Self::ConfirmCredential { session } => Event::ConfirmCredential { session, signer },
            Self::UseSession { session } => Event::UseSession { session, signer },
            Self::EndSessions { session } => Event::EndSessions { session, signer, which: None },
            Self::EndDeviceSessions => Event::EndDeviceSessions { device },
            Self::ForgetDevice { session, device } => {
                Event::ForgetDevice { session, signer, device }
            }
            Self::RequestDeletion { session } => Event::RequestDeletion { session },
            Self::CancelDeletion { session } => Event::CancelDeletion { session, signer },
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
