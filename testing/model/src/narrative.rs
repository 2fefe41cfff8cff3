//! Describes a run, one sentence per action.

use tegata_policy::{ExpectedEvidence, ResetDestination};

use crate::action::{Action, Actor, Message, TypedValue, Wait};
use crate::execute::Outcome;
use crate::model::{Goal, Model};
use crate::search::Run;
use crate::state::State;

impl Model {
    /// The sentences that describe a run and the goal that it reaches.
    pub(crate) fn narrate(&self, run: &Run, goal: Goal) -> Vec<String> {
        let sentence = |(state, action): &(State, Action)| {
            let (_, outcome) = self.execute(state, action)?;
            Some(sentence(state, action, outcome))
        };
        let mut sentences: Vec<_> = run.iter().filter_map(sentence).collect();
        sentences.push(match goal {
            Goal::Spend => {
                "The payment credential on the attacker's phone is valid: the attacker can spend."
                    .into()
            }
            Goal::LogIn => {
                "A session on the attacker's phone is valid: the attacker is logged in.".into()
            }
            Goal::SpendFrozen => "The account is frozen, and something can be spent.".into(),
            Goal::KeepOut => {
                "Whatever the owner does of what the documentation says, they cannot pay again."
                    .into()
            }
        });
        sentences
    }
}

fn sentence(state: &State, action: &Action, outcome: Outcome) -> String {
    let end = if let Outcome::Refused(_) = outcome { ": refused." } else { "." };
    match action {
        Action::Wait(wait) => match wait {
            Wait::Minutes => "Eight minutes pass.".into(),
            Wait::Day => "A day passes.".into(),
            Wait::Week => "Eight days pass.".into(),
            Wait::Month => "A month passes.".into(),
        },
        Action::SpendBudgets => {
            "The attacker requests codes on fifteen devices and sends wrong values until none is compared.".into()
        }
        Action::Replay(..) => format!("The attacker replays a message of the owner{end}"),
        Action::Send(actor, message, typed) => {
            format!("{}{end}", request(state, *actor, *message, *typed))
        }
        Action::Verify(index) => comparison(state, *index, outcome),
    }
}

fn request(state: &State, actor: Actor, message: Message, typed: [TypedValue; 2]) -> String {
    let name = match actor {
        Actor::Owner => "The owner",
        Actor::Attacker => "The attacker",
    };
    let first = value(state, actor, typed[0], "some digits");
    let second = value(state, actor, typed[1], "no second factor");
    let is_owners = |reset| actor == Actor::Attacker && state.owner.reset == Some(reset);
    let reset_name = |reset| if is_owners(reset) { "the owner's" } else { "the" };
    match message {
        Message::LogIn { factor: false } => {
            format!("{name} logs in on their own phone with {first}")
        }
        Message::LogIn { factor: true } => {
            format!("{name} logs in on their own phone with {first} and {second}")
        }
        Message::VerifyFactor { .. } => format!("{name} enters {first} in their session"),
        Message::BeginFactorEnrolment { .. } => format!("{name} requests another second factor"),
        Message::VerifyFactorEnrolment { .. } => format!("{name} enters its first value"),
        Message::RenewRecoveryCodes { .. } => format!("{name} requests new recovery codes"),
        Message::ChangeAddress { .. } => {
            format!("{name} requests a change to another address of their own")
        }
        Message::VerifyNewAddress { .. } => format!("{name} enters {first} for the new address"),
        Message::Freeze { .. } => format!("{name} freezes the account"),
        Message::Unfreeze { .. } => match typed[0] {
            TypedValue::Recovery(_) => format!("{name} unfreezes the account with {first}"),
            _ => format!("{name} unfreezes the account"),
        },
        Message::FreezeFromDevice => format!("{name} freezes the account from their phone"),
        Message::RequestFreezeCode => format!("{name} requests a code to freeze the account"),
        Message::RequestLogInCode => format!("{name} requests a code to log in with"),
        Message::VerifyLogInCode { .. } => format!("{name} enters {first} to log in with"),
        Message::ConfirmCredential { .. } => format!("{name} confirms the credential that waits"),
        Message::UseSession { .. } => format!("{name} uses their session"),
        Message::EndSessions { .. } => format!("{name} ends all other sessions"),
        Message::EndDeviceSessions => format!("{name} ends the sessions of their phone"),
        Message::ForgetDevice { .. } => format!("{name} has a phone forgotten"),
        Message::RequestDeletion { .. } => format!("{name} requests the account's deletion"),
        Message::CancelDeletion { .. } => format!("{name} cancels the account's deletion"),
        Message::FreezeByCode | Message::FreezeByFactor | Message::VerifyFreezeCode { .. } => {
            format!("{name} enters {first} to freeze the account")
        }
        Message::RevertChanges => {
            format!("{name} enters {first} and {second} to revert the change")
        }
        Message::RequestReset { to: ResetDestination::Unverified } => {
            format!(
                "{name} requests a password reset with the code mailed to an address of their choice"
            )
        }
        Message::RequestReset { .. } => {
            format!("{name} requests a password reset on their own phone")
        }
        Message::VerifyReset { reset } => {
            format!("{name} enters {first} and {second} for {} reset", reset_name(reset))
        }
        Message::FinishReset { reset } => {
            format!("{name} chooses a new password in {} reset", reset_name(reset))
        }
        Message::Provision { .. } => {
            format!("{name} requests a payment credential on their own phone")
        }
    }
}

fn value(state: &State, actor: Actor, typed: TypedValue, nothing: &'static str) -> &'static str {
    let is_attacker = actor == Actor::Attacker;
    let is_seen = is_attacker && state.attacker.seen == Some(typed);
    match typed {
        TypedValue::Nothing => nothing,
        TypedValue::Guess => "six guesses at the code, one after the other,",
        TypedValue::Password(password) if password == state.attacker.old_password => {
            "the old password"
        }
        TypedValue::Password(password) if password == state.owner.password && is_attacker => {
            "the password that they know"
        }
        TypedValue::Password(_) => "the password",
        TypedValue::Code(code) if is_attacker && state.owner.code == Some(code) => {
            "the code that was mailed to the owner for the owner's phone"
        }
        TypedValue::Code(_) => "the mailed code",
        TypedValue::Value(..) if is_seen => "the value that they saw the owner type",
        TypedValue::Value(..) => "a value of the second factor",
        TypedValue::Recovery(_) if is_seen => "the recovery code that they saw the owner type",
        TypedValue::Recovery(_) => "a recovery code",
    }
}

fn comparison(state: &State, index: usize, outcome: Outcome) -> String {
    let Some(pending) = state.pending.get(index) else { return String::new() };
    let actor = if pending.actor == Actor::Owner { "owner" } else { "attacker" };
    let what = match pending.verification.expected() {
        ExpectedEvidence::Password(_) => "password",
        ExpectedEvidence::MailedCode(_) | ExpectedEvidence::Notice(_) => "code",
        ExpectedEvidence::Totp(_) | ExpectedEvidence::Recovery(_) => "second factor",
    };
    let result = match (outcome, pending.message) {
        (Outcome::Refused(_), _) => "refused",
        (Outcome::ComparisonDue | Outcome::TimePassed, _) => {
            "the reply does not say whether it matched"
        }
        (Outcome::Done, Message::LogIn { .. }) => "logged in",
        (Outcome::Done, Message::VerifyReset { .. }) => "the reset waits for a new password",
        (Outcome::Done, Message::RevertChanges) => "the change is reverted",
        (Outcome::Done, Message::VerifyNewAddress { .. }) => "the account has the new address",
        (Outcome::Done, Message::FreezeByCode) => "the account is frozen",
        (Outcome::Done, _) => "accepted",
    };
    format!("The issuer compares the {actor}'s {what}: {result}.")
}
