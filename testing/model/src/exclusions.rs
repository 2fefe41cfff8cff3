//! What the model excludes, and why. Every event is in the model or has its reason here, or this does not compile.

use std::fmt::Write as _;

use tegata::protocol::{DeviceId, SessionId};
use tegata_policy::Event;

/// The attackers that are excluded.
const ATTACKERS: &str = "an attacker with all that identifies the owner: mailbox and second factor, or password and second factor";
/// The guesses that are excluded.
const GUESSES: &str = "guesses at a second factor and at the codes of notices: the tests of `decide` check their rate limits, and 80 bits cannot be guessed";

const SIGN_UP: &str = "sign-ups: until one is completed there is no account to break into";
const ENDS: &str =
    "ending sessions, forgetting a device and logging out: each only ends what it names";
const FREEZES: &str = "freezing by a device's signature alone or by a mailed code: whoever has the phone or reads the mail can only stop spending with it, as by a session";
const LOG_IN_CODES: &str = "codes mailed for logging in: they open a budget of their own, and stand in for neither password nor second factor, but where a hundred wrong values in a row made the authenticator void";
const SESSION_USE: &str = "recording that a session is in use: it extends none that would have ended within the hours of a run";
const DELETION: &str = "requesting and cancelling a deletion: its seven days are longer than a run, and a deleted account is of no use to anyone; and exporting data, which changes nothing";
const CARDS: &str = "cards: they determine what is charged, not who spends; the tests of `decide` check what a change requires";
const CONFIRMATION: &str = "a credential that waits, since another phone paid within seven days: its day is longer than a run, and the phone that pays could only let another one pay";
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
        | Event::Provision { .. } => None,
        Event::VerifySignUpCode { .. }
        | Event::VerifySignUpFactor { .. }
        | Event::ReturnAttempt { .. } => Some(SIGN_UP),
        Event::RequestLogInCode { .. } | Event::VerifyLogInCode { .. } => Some(LOG_IN_CODES),
        Event::LogOut { .. }
        | Event::EndSessions { .. }
        | Event::EndDeviceSessions { .. }
        | Event::ForgetDevice { .. } => Some(ENDS),
        Event::FreezeFromDevice { .. }
        | Event::RequestFreezeCode { .. }
        | Event::VerifyFreezeCode { .. } => Some(FREEZES),
        Event::UseSession { .. } => Some(SESSION_USE),
        Event::RequestDeletion { .. }
        | Event::CancelDeletion { .. }
        | Event::DeleteIfDue
        | Event::Export { .. } => Some(DELETION),
        Event::BeginCardSetup { .. }
        | Event::AddCard { .. }
        | Event::SetDefaultCard { .. }
        | Event::RemoveCard { .. } => Some(CARDS),
        Event::ConfirmCredential { .. } => Some(CONFIRMATION),
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
        Event::FreezeFromDevice { device },
        Event::RequestLogInCode { device, within_budget: true },
        Event::UseSession { session, signer: None },
        Event::RequestDeletion { session },
        Event::SetDefaultCard { session },
        Event::ConfirmCredential { session, signer: None },
        Event::SetOperatorFreeze { frozen: true },
    ];
    let reasons = events.iter().filter_map(exclusion_reason);
    [ATTACKERS, GUESSES].into_iter().chain(reasons).fold(String::new(), |mut text, reason| {
        let _ = writeln!(text, "- {reason}");
        text
    })
}
