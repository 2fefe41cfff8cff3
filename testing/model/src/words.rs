//! A run in words: a sentence for each step.

use tegata_policy::{ExpectedEvidence, ResetDestination};

use crate::act::{Act, Given, Message, Who};
use crate::play::Outcome;
use crate::search::{Goal, Model};
use crate::state::State;

impl Model {
    /// A run, and what it comes to.
    pub(crate) fn told(&self, run: &[(State, Act)], goal: Goal) -> Vec<String> {
        let sentence = |(state, act): &(State, Act)| {
            let (_, outcome) = self.step(state, act)?;
            Some(sentence(state, act, outcome))
        };
        let mut told: Vec<_> = run.iter().filter_map(sentence).collect();
        told.push(match goal {
            Goal::Spend => "The payment credential on his phone counts: he spends.".into(),
            Goal::LogIn => "A session on his phone counts: he is in.".into(),
        });
        told
    }
}

fn sentence(state: &State, act: &Act, outcome: Outcome) -> String {
    let end = if let Outcome::Refused(_) = outcome { ": refused." } else { "." };
    match act {
        Act::Wait => "Six minutes pass.".into(),
        Act::Replay(..) => format!("He sends a message of hers once more{end}"),
        Act::Send(who, message, given) => format!("{}{end}", sent(state, *who, *message, *given)),
        Act::Compared(place) => compared(state, *place, outcome),
    }
}

fn sent(state: &State, who: Who, message: Message, given: [Given; 2]) -> String {
    let (name, her) = match who {
        Who::She => ("She", "her"),
        Who::He => ("He", "his"),
    };
    let first = called(state, who, given[0], "some digits");
    let second = called(state, who, given[1], "no second factor");
    match message {
        Message::LogIn { factor: false } => format!("{name} logs in on {her} phone with {first}"),
        Message::LogIn { factor: true } => {
            format!("{name} logs in on {her} phone with {first} and {second}")
        }
        Message::Prove { .. } => format!("{name} gives {first} in {her} session"),
        Message::Enrol { .. } => format!("{name} asks for another second factor"),
        Message::EnrolCode { .. } => format!("{name} types its first value"),
        Message::RenewRecovery { .. } => format!("{name} asks for other recovery codes"),
        Message::MoveAddress { .. } => format!("{name} asks for another address, {her} own"),
        Message::MoveAddressCode { .. } => format!("{name} gives {first} for the new address"),
        Message::Freeze { .. } => format!("{name} freezes the account"),
        Message::Unfreeze { .. } => format!("{name} lets the account go"),
        Message::FreezeCode => format!("{name} gives {first} to freeze the account"),
        Message::Undo => format!("{name} gives {first} and {second} to take the change back"),
        Message::Reset { to: ResetDestination::Unverified } => {
            format!(
                "{name} asks for a reset of the password, the code to go to an address that he types"
            )
        }
        Message::Reset { .. } => format!("{name} asks for a reset of the password on {her} phone"),
        Message::ResetCode { reset } => {
            let whose =
                if who == Who::He && state.she.reset == Some(reset) { "her" } else { "the" };
            format!("{name} gives {first} and {second} for {whose} reset")
        }
        Message::ResetFinish { reset } => {
            let whose =
                if who == Who::He && state.she.reset == Some(reset) { "her" } else { "the" };
            format!("{name} chooses a new password in {whose} reset")
        }
        Message::Provision { .. } => format!("{name} asks for a payment credential on {her} phone"),
    }
}

fn called(state: &State, who: Who, given: Given, nothing: &'static str) -> &'static str {
    match given {
        Given::Nothing => nothing,
        Given::Guess => "six guesses at the code, one after the other,",
        Given::Password(password) if password == state.he.old_password => "the old password",
        Given::Password(password) if password == state.she.password && who == Who::He => {
            "the password that he knows"
        }
        Given::Password(_) => "the password",
        Given::Code(code) if who == Who::He && state.she.code == Some(code) => {
            "the code that she was mailed for her phone"
        }
        Given::Code(_) => "the mailed code",
        Given::Value(..) if who == Who::He && state.he.seen == Some(given) => {
            "the value that he saw her type"
        }
        Given::Value(..) => "a value of the second factor",
        Given::Recovery(_) if who == Who::He && state.he.seen == Some(given) => {
            "the recovery code that he saw her type"
        }
        Given::Recovery(_) => "a recovery code",
    }
}

fn compared(state: &State, place: usize, outcome: Outcome) -> String {
    let Some(under_way) = state.under_way.get(place) else { return String::new() };
    let whose = if under_way.who == Who::She { "her" } else { "his" };
    let what = match under_way.verification.expected() {
        ExpectedEvidence::Password(_) => "password",
        ExpectedEvidence::MailedCode(_) | ExpectedEvidence::Notice(_) => "code",
        ExpectedEvidence::Totp(_) | ExpectedEvidence::Recovery(_) => "second factor",
    };
    let came_of_it = match (outcome, under_way.message) {
        (Outcome::Refused(_), _) => "refused",
        (Outcome::Asked | Outcome::Waited, _) => "whether it is right is not told",
        (Outcome::Done, Message::LogIn { .. }) => "logged in",
        (Outcome::Done, Message::ResetCode { .. }) => "the reset waits for a new password",
        (Outcome::Done, Message::Undo) => "the change is taken back",
        (Outcome::Done, Message::MoveAddressCode { .. }) => "the account goes by the new address",
        (Outcome::Done, Message::FreezeCode) => "the account is frozen",
        (Outcome::Done, _) => "taken",
    };
    format!("The issuer compares {whose} {what}: {came_of_it}.")
}
