//! What docs/threat-model.md says of the accounts: what holds, the break-in of 2019, and what each control is there for.

use std::fmt::Write as _;

use tegata_policy::{Control, Controls};

use crate::errand::{
    ERRANDS, Errand, FACTOR, FORGOTTEN, FREEZING, MOVING, PAYING, RECOVERY, STOPPING, UNDOING,
};
use crate::search::{Goal, Model};
use crate::state::Bounds;
use crate::thief::Thief;

/// Each control, and how it is called.
const CONTROLS: [(Control, &str); 9] = [
    (Control::VerifiedAddress, "the code of a reset goes to the verified address only"),
    (Control::SecondFactor, "the second factor"),
    (Control::MailedCode, "the code of a reset has to be right"),
    (Control::BoundToDevice, "a reset belongs to the device that asked for it"),
    (Control::CountedTries, "a mailed code is compared five times at most"),
    (Control::FactorOnce, "a value of the second factor is taken once"),
    (Control::EpochRaised, "a reset voids sessions, resets and payment credentials"),
    (Control::SpendingHeld, "after a reset nothing is spent before a log-in and a new credential"),
    (Control::FreshFactor, "a payment credential asks for a second factor just proved"),
];

/// How many messages the thief sends while she is at it.
fn messages(errands: &[Errand]) -> u8 {
    match errands {
        _ if errands == PAYING => 4,
        _ if errands == FORGOTTEN || errands == RECOVERY || errands == FREEZING => 3,
        _ => 2,
    }
}

/// Against whom she does it.
fn thieves(errands: &[Errand]) -> &'static [Thief] {
    if errands == UNDOING || errands == STOPPING {
        &[Thief::OWNER_BY_NOW]
    } else {
        &Thief::STRONGEST
    }
}

/// How long the runs are: the short form, or each of the two longer ones. Longer in both at once would not end.
fn bounds(errands: &[Errand], long: bool) -> Vec<Bounds> {
    let short = Bounds { waits: 1, messages: messages(errands), under_way: 1 };
    let one_more_message = Bounds { messages: short.messages + 1, ..short };
    let two_under_way = Bounds { under_way: 2, ..short };
    if long { vec![one_more_message, two_under_way] } else { vec![short] }
}

/// What was looked at with all controls on.
#[derive(Debug)]
pub struct Holds {
    /// A line for each search: who, with how many messages, how many states.
    pub lines: Vec<String>,
    /// All of them.
    pub states: usize,
    /// What went wrong: it should be nothing.
    pub wrong: Vec<String>,
}

/// Every run of the strongest thieves with all controls on, in the short form or the long; each line is told as soon as it
/// is known.
#[must_use]
pub fn holds(long: bool, seen: fn(&str)) -> Holds {
    let mut holds = Holds { lines: Vec::new(), states: 0, wrong: Vec::new() };
    let all =
        |errands: &'static [Errand]| bounds(errands, long).into_iter().map(move |b| (errands, b));
    for (errands, bounds) in ERRANDS.into_iter().flat_map(all) {
        let mut denied = Vec::new();
        for &thief in thieves(errands) {
            let model = Model { thief, controls: Controls::ALL, errands, bounds };
            let searched = model.search(2, None);
            for (goal, run) in &searched.breaches {
                holds.wrong.push(format!("{thief}:\n{}", numbered(&model.told(run, *goal))));
            }
            holds.states += searched.states;
            let Bounds { messages, under_way, .. } = bounds;
            let under_way = if under_way == 1 { "" } else { ", two under way" };
            let line = format!(
                "{} states: a thief {thief}; {messages} messages{under_way}, while she has {}",
                searched.states,
                called(errands),
            );
            seen(&line);
            holds.lines.push(line);
            denied.push(searched.denied);
        }
        for (name, on) in expected(errands) {
            if denied.iter().any(|denied| denied.contains(name)) == *on {
                holds
                    .wrong
                    .push(format!("{name}: not as it should be while she has {}", called(errands)));
            }
        }
    }
    holds
}

fn called(errands: &[Errand]) -> &'static str {
    match errands {
        _ if errands == FORGOTTEN => "forgotten her password",
        _ if errands == FACTOR => "another second factor to enrol and then a password to reset",
        _ if errands == RECOVERY => "other recovery codes to get and then a password to reset",
        _ if errands == MOVING => "an address to change and then a password to reset",
        _ if errands == FREEZING => "an account to freeze and to let go",
        _ if errands == UNDOING => "his changes to take back",
        _ if errands == STOPPING => "to freeze the account and his changes to take back",
        _ => "a payment credential to get",
    }
}

/// What she has to be able to do in her errands, for the model to be worth anything.
fn expected(errands: &[Errand]) -> &'static [(&'static str, bool)] {
    match errands {
        _ if errands == FORGOTTEN => &[
            ("she resets her password", true),
            ("she is logged in after that", true),
            ("she pays after that", true),
        ],
        _ if errands == FACTOR => {
            &[("she has another second factor", true), ("she resets her password", true)]
        }
        _ if errands == RECOVERY => &[("she resets her password", true)],
        _ if errands == MOVING => {
            &[("she has another address", true), ("she resets her password", true)]
        }
        _ if errands == FREEZING => {
            &[("she lets her account go again", true), ("she has a new payment credential", true)]
        }
        _ if errands == UNDOING => &[
            ("she takes the changes back", true),
            ("she is logged in after that", true),
            ("she pays after that", true),
        ],
        _ if errands == STOPPING => {
            &[("she takes the changes back", true), ("she is logged in after that", true)]
        }
        _ => &[("she has a new payment credential", true)],
    }
}

fn numbered(told: &[String]) -> String {
    told.iter().enumerate().fold(String::new(), |mut text, (nth, sentence)| {
        let _ = writeln!(text, "{}. {sentence}", nth + 1);
        text
    })
}

fn model(thief: Thief, off: Controls, errands: &'static [Errand], messages: u8) -> Model {
    Model { thief, controls: off, errands, bounds: Bounds { waits: 0, messages, under_way: 1 } }
}

fn reaches(model: Model, goal: Goal) -> bool {
    model.search(1, Some(goal)).breaches.iter().any(|(reached, _)| *reached == goal)
}

/// Who reaches a goal with least, and with fewest messages; `None` if the strongest do not.
fn weakest(controls: Controls, goal: Goal) -> Option<Model> {
    for thief in Thief::STRONGEST {
        for errands in [PAYING, FORGOTTEN] {
            for messages in 0..=most(thief, errands) {
                if !reaches(model(thief, controls, errands, messages), goal) {
                    continue;
                }
                let weaker = Thief::weakest_first().into_iter().filter(|w| w.is_part_of(&thief));
                let mut models = weaker.map(|weaker| model(weaker, controls, errands, messages));
                return models.find(|model| reaches(*model, goal));
            }
        }
    }
    None
}

/// How many messages he sends at most when a control is off: what the longest way takes, where it is his alone.
fn most(thief: Thief, errands: &[Errand]) -> u8 {
    match (thief.factor, errands == PAYING) {
        (true, true) => 5,
        (true, false) | (false, true) => 3,
        (false, false) => 2,
    }
}

/// The run that the checker finds when codes go to any address and no second factor is asked for.
#[must_use]
pub fn breach_of_2019() -> String {
    let off = Controls::ALL.without(Control::VerifiedAddress).without(Control::SecondFactor);
    told(&model(Thief::OF_2019, off, &[], 5), Goal::Spend)
}

fn told(model: &Model, goal: Goal) -> String {
    let run = model.shortest(goal).map(|run| numbered(&model.told(&run, goal)));
    run.unwrap_or_else(|| "There is none.\n".into())
}

/// What each control is there for: who gets how far without it, or which other covers it; then how.
#[must_use]
pub fn table() -> String {
    let mut text =
        "| switched off | who is logged in then | who spends then |\n|---|---|---|\n".to_owned();
    let mut runs = String::new();
    for (control, name) in CONTROLS {
        let off = Controls::ALL.without(control);
        let [spend, log_in] = [Goal::Spend, Goal::LogIn].map(|goal| (goal, weakest(off, goal)));
        let cell = |(goal, model): &(Goal, Option<Model>)| match model {
            Some(model) => format!("a thief {}", model.thief),
            None => covered(control, *goal),
        };
        let _ = writeln!(text, "| {name} | {} | {} |", cell(&log_in), cell(&spend));
        if let (goal, Some(model)) = if spend.1.is_some() { spend } else { log_in } {
            let _ = write!(
                runs,
                "\nWithout *{name}*, a thief {}:\n\n{}",
                model.thief,
                told(&model, goal)
            );
        }
    }
    format!("{text}{runs}")
}

/// Which other control stands in for it: with that one off it opens nothing, with both off something.
fn covered(control: Control, goal: Goal) -> String {
    let reached = |controls: Controls| {
        let each = Thief::STRONGEST.into_iter();
        let mut models =
            each.flat_map(|thief| [0, 1].map(|n| model(thief, controls, FORGOTTEN, n)));
        models.any(|model| reaches(model, goal))
    };
    let covers = CONTROLS.into_iter().filter(|(other, _)| {
        let off = Controls::ALL.without(*other);
        *other != control && reached(off.without(control)) && !reached(off)
    });
    let covers: Vec<_> = covers.map(|(_, name)| name).collect();
    if covers.is_empty() {
        "nobody: it is there for the other".into()
    } else {
        format!("nobody, since *{}*", covers.join("* and *"))
    }
}
