//! What the model excludes, and why. Every event is in the model or has its reason here, or this does not compile.

use std::fmt::Write as _;

use tegata::protocol::{DeviceId, SessionId};
use tegata_policy::Event;

/// The attackers that are excluded.
const ATTACKERS: &str = "an attacker with all that identifies the owner, mailbox and second factor or password and second factor, before the owner has acted: they are in, and can keep the owner out";
/// The guesses that are excluded.
const GUESSES: &str = "guesses at a second factor and at the codes of notices: the tests of `decide` check their rate limits, and 80 bits cannot be guessed";

const SIGN_UP: &str = "sign-ups: until one is completed there is no account to break into";
const ENDS: &str = "logging out: it ends the session that it is sent in";
const EXPORT: &str = "exporting data, which changes nothing";
const CARDS: &str = "cards: they determine what is charged, not who spends; the tests of `decide` check what a change requires";
const OPERATOR: &str =
    "what an operator does: whoever controls the operator's tools controls every account";

/// The reason why an event is not in the model; `None` if it is.
fn exclusion_reason(event: &Event) -> Option<&'static str> {
    match event {
        Event::LogIn { .. }
        | Event::VerifyFactor { .. }
        | Event::BeginFactorEnrolment { .. }
        | Event::VerifyFactorEnrolment { .. }
        | Event::RenewRecoveryCodes { .. }
        | Event::ChangeAddress { .. }
        | Event::VerifyNewAddress { .. }
        | Event::FreezeByCode
        | Event::RevertChanges { .. }
        | Event::Freeze { .. }
        | Event::Unfreeze { .. }
        | Event::RequestReset { .. }
        | Event::VerifyReset { .. }
        | Event::FinishReset { .. }
        | Event::CompleteVerification { .. }
        | Event::FreezeByFactor { .. }
        | Event::FreezeFromDevice { .. }
        | Event::RequestFreezeCode { .. }
        | Event::VerifyFreezeCode { .. }
        | Event::RequestLogInCode { .. }
        | Event::VerifyLogInCode { .. }
        | Event::EndSessions { .. }
        | Event::EndDeviceSessions { .. }
        | Event::ForgetDevice { .. }
        | Event::UseSession { .. }
        | Event::RequestDeletion { .. }
        | Event::CancelDeletion { .. }
        | Event::DeleteIfDue
        | Event::ConfirmCredential { .. }
        | Event::Provision { .. } => None,
        Event::VerifySignUpCode { .. }
        | Event::VerifySignUpFactor { .. }
        | Event::ReturnAttempt { .. } => Some(SIGN_UP),
        Event::LogOut { .. } => Some(ENDS),
        Event::Export { .. } => Some(EXPORT),
        Event::BeginCardSetup { .. }
        | Event::AddCard { .. }
        | Event::SetDefaultCard { .. }
        | Event::RemoveCard { .. } => Some(CARDS),
        Event::SetOperatorFreeze { .. } => Some(OPERATOR),
    }
}

/// A list item for each exclusion.
#[must_use]
pub fn exclusions() -> String {
    let device = DeviceId([0; 32]);
    let session = SessionId(0);
    let events = [
        Event::VerifySignUpCode { device },
        Event::LogOut { session },
        Event::Export { session, first: true },
        Event::SetDefaultCard { session },
        Event::SetOperatorFreeze { frozen: true },
    ];
    let reasons = events.iter().filter_map(exclusion_reason);
    [ATTACKERS, GUESSES].into_iter().chain(reasons).fold(String::new(), |mut text, reason| {
        let _ = writeln!(text, "- {reason}");
        text
    })
}
