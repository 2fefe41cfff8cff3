//! What is not in the model, and why. Every event has its place in it or its reason here, or this does not compile.

use std::fmt::Write as _;

use tegata::protocol::{DeviceId, SessionId};
use tegata_policy::Event;

/// Thieves who are not in it.
const THIEVES: &str =
    "who has what it takes to be her: mailbox and second factor, or password and second factor";
/// Things that happen elsewhere than in messages.
const GUESSES: &str = "guesses at a second factor and at the codes of notices: the tests of `decide` hold their budgets, and nobody guesses 80 bits";

const SIGN_UP: &str = "a sign-up: until it is over there is no account to break into";
const ENDS: &str =
    "ending sessions, forgetting a device and logging out: each only ends what it names";
const SEEN: &str = "writing down that a session is in use: it makes none last that would have ended within the hours of a run";
const CLOSING: &str = "closing and keeping an account: its seven days are longer than a run, and what is closed is nobody's; and taking with her what is kept of her, which changes nothing";
const CARDS: &str =
    "cards: they say what is charged, not who spends; an owner's tests hold what they ask for";
const OPERATOR: &str = "what an operator does: whoever has the desk has the account";

/// Why an event is not in the model; `None` if it is.
fn why(event: &Event) -> Option<&'static str> {
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
        Event::VerifySignUpCode { .. } | Event::VerifySignUpFactor { .. } => Some(SIGN_UP),
        Event::LogOut { .. } | Event::EndSessions { .. } | Event::ForgetDevice { .. } => Some(ENDS),
        Event::UseSession { .. } => Some(SEEN),
        Event::RequestDeletion { .. }
        | Event::CancelDeletion { .. }
        | Event::DeleteIfDue
        | Event::Export { .. } => Some(CLOSING),
        Event::AddCard { .. } | Event::SetDefaultCard { .. } | Event::RemoveCard { .. } => {
            Some(CARDS)
        }
        Event::SetOperatorFreeze { .. } => Some(OPERATOR),
    }
}

/// A line for each thing that is left out.
#[must_use]
pub fn left_out() -> String {
    let (device, session) = (DeviceId([0; 32]), SessionId(0));
    let events = [
        Event::VerifySignUpCode { device },
        Event::LogOut { session },
        Event::UseSession { session },
        Event::RequestDeletion { session },
        Event::SetDefaultCard { session },
        Event::SetOperatorFreeze { frozen: true },
    ];
    let reasons = events.iter().filter_map(why);
    [THIEVES, GUESSES].into_iter().chain(reasons).fold(String::new(), |mut text, reason| {
        let _ = writeln!(text, "- {reason}");
        text
    })
}
