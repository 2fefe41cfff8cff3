//! What docs/threat-model.md says of the accounts: what holds, the break-in of 2019, and what each control is there for.

use std::fmt::Write as _;

use tegata::account::{Control, Controls};

use crate::act::Act;
use crate::errand::{ERRANDS, Errand, FACTOR, FORGOTTEN, PAYING};
use crate::search::{Goal, Model};
use crate::state::{Bounds, State};
use crate::thief::{Start, Thief};

const GOALS: [Goal; 2] = [Goal::LogIn, Goal::Spend];

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
fn messages(errands: &[Errand], long: bool) -> u8 {
    let short = match errands {
        _ if errands == PAYING => 4,
        _ if errands == FORGOTTEN => 3,
        _ => 2,
    };
    short + u8::from(long)
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

/// Every run of the strongest thieves with all controls on, in the short form or the long.
#[must_use]
pub fn holds(long: bool) -> Holds {
    let mut holds = Holds { lines: Vec::new(), states: 0, wrong: Vec::new() };
    for errands in ERRANDS {
        let mut denied = Vec::new();
        for thief in Thief::STRONGEST {
            let bounds = Bounds {
                waits: 1,
                messages: messages(errands, long),
                under_way: 1 + usize::from(long),
            };
            let model = Model { thief, controls: Controls::ALL, errands, bounds };
            let searched = model.search(2, None);
            for (goal, run) in &searched.breaches {
                holds.wrong.push(format!("{thief}:\n{}", numbered(&model.told(run, *goal))));
            }
            holds.states += searched.states;
            holds.lines.push(format!(
                "{} states: a thief {thief}, {} messages, while she runs {} errands",
                searched.states,
                bounds.messages,
                errands.len()
            ));
            denied.push(searched.denied);
        }
        for (name, on) in expected(errands) {
            if denied.iter().any(|denied| denied.contains(name)) == *on {
                holds.wrong.push(format!("with {} errands: {name} is {on}", errands.len()));
            }
        }
    }
    holds
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
        _ => &[("she has a new payment credential", true)],
    }
}

/// A breach that was found.
struct Breach {
    model: Model,
    goal: Goal,
    run: Vec<(State, Act)>,
}

impl Breach {
    fn told(&self) -> String {
        numbered(&self.model.told(&self.run, self.goal))
    }
}

fn numbered(told: &[String]) -> String {
    told.iter().enumerate().fold(String::new(), |mut text, (nth, sentence)| {
        let _ = writeln!(text, "{}. {sentence}", nth + 1);
        text
    })
}

fn breach(
    thief: Thief,
    controls: Controls,
    errands: &'static [Errand],
    messages: u8,
    goal: Goal,
) -> Option<Breach> {
    let bounds = Bounds { waits: 0, messages, under_way: 1 };
    let model = Model { thief, controls, errands, bounds };
    let mut found = model.search(1, Some(goal)).breaches.into_iter();
    found.find(|(reached, _)| *reached == goal).map(|(goal, run)| Breach { model, goal, run })
}

/// The way to a goal with fewest messages, for who has least; `None` if the strongest find none.
fn weakest(controls: Controls, goal: Goal) -> Option<Breach> {
    for messages in 0..=5 {
        for errands in [PAYING, FORGOTTEN] {
            for thief in Thief::STRONGEST {
                let most = match (thief.factor, errands == PAYING) {
                    (true, true) => 5,
                    (true, false) | (false, true) => 3,
                    (false, false) => 2,
                };
                if messages > most || (errands == PAYING && thief.start == Start::WasIn) {
                    continue;
                }
                if breach(thief, controls, errands, messages, goal).is_some() {
                    return Thief::weakest_first()
                        .into_iter()
                        .filter(|weaker| weaker.is_part_of(&thief))
                        .find_map(|weaker| breach(weaker, controls, errands, messages, goal));
                }
            }
        }
    }
    None
}

/// The run that the checker finds when codes go to any address and no second factor is asked for.
#[must_use]
pub fn breach_of_2019() -> Option<String> {
    let controls = Controls::ALL.without(Control::VerifiedAddress).without(Control::SecondFactor);
    breach(Thief::OF_2019, controls, PAYING, 5, Goal::Spend).map(|breach| breach.told())
}

/// What each control is there for: what its absence opens, or which other covers it.
#[must_use]
pub fn table() -> String {
    let mut text = "| switched off | he is logged in | he spends |\n|---|---|---|\n".to_owned();
    let mut runs = String::new();
    for (control, name) in CONTROLS {
        let off = Controls::ALL.without(control);
        let cells = GOALS.map(|goal| match weakest(off, goal) {
            Some(breach) => {
                let _ = write!(
                    runs,
                    "\n**Without: {name}.** A thief {}:\n\n{}",
                    breach.model.thief,
                    breach.told()
                );
                format!("a thief {}", breach.model.thief)
            }
            None => covered(control, goal),
        });
        let _ = writeln!(text, "| {name} | {} | {} |", cells[0], cells[1]);
    }
    format!("{text}{runs}")
}

/// Which other control stands in for it.
fn covered(control: Control, goal: Goal) -> String {
    let both = CONTROLS.into_iter().filter(|(other, _)| *other != control);
    let covers: Vec<_> = both
        .filter(|(other, _)| {
            let off = Controls::ALL.without(*other);
            let reached = |controls| {
                Thief::STRONGEST.into_iter().any(|thief| {
                    (0..=1).any(|messages| {
                        breach(thief, controls, FORGOTTEN, messages, goal).is_some()
                    })
                })
            };
            reached(off.without(control)) && !reached(off)
        })
        .map(|(_, name)| name)
        .collect();
    if covers.is_empty() {
        "no: nothing of the model".into()
    } else {
        format!("no; covered by: {}", covers.join("; "))
    }
}
