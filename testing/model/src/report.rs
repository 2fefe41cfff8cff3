//! Generates the parts of docs/threat-model.md about accounts: the result with all controls on, the break-in of 2019, and
//! what each control is for.

use std::fmt::Write as _;

use tegata_policy::{Control, Controls};

use crate::attacker::{Attacker, Foothold};
use crate::model::{Bounds, Goal, Interleaving, Model};
use crate::scenario::{
    AFTER_THEFT, AFTER_THEFT_WITH_MAIL, CHANGING, FORGOTTEN_PASSWORD, FREEZING,
    FREEZING_AND_REVERTING, NEW_ADDRESS, NEW_FACTOR, NEW_RECOVERY_CODES, PAYING_AFTER_REPLACEMENT,
    PROVISIONING, REVERTING, SCENARIOS, UserScenario,
};

/// Every control with its description.
const CONTROLS: [(Control, &str); 13] = [
    (Control::VerifiedAddress, "a reset's code goes to the verified address only"),
    (Control::SecondFactor, "the second factor"),
    (Control::MailedCode, "a reset's code has to match"),
    (Control::BoundToDevice, "a reset belongs to the device that requested it"),
    (Control::CountedTries, "a mailed code is compared at most five times"),
    (Control::FactorOnce, "a value of the second factor is accepted once"),
    (Control::EpochRaised, "a reset voids sessions, resets and payment credentials"),
    (
        Control::SpendingHeld,
        "after a reset nothing can be spent before a log-in and a new credential",
    ),
    (Control::FreshFactor, "a payment credential requires a recently verified second factor"),
    (Control::LostStaysLost, "a second factor that was replaced reverts nothing"),
    (Control::OthersForgotten, "a reset and a replaced second factor forget every other device"),
    (Control::NewCredentialWaits, "a new phone pays a day later where another paid within a week"),
    (Control::FreezeHolds, "a freeze made with a recovery code is lifted with another one"),
];

/// Every control that keeps the owner in, with its description, and who keeps them out without it.
const OWNERS_CONTROLS: [(Control, &str, Attacker, UserScenario, u8); 2] = [
    (
        Control::NoticeFreezeLifts,
        "a freeze made with a notice's code is lifted with a recovery code from before the change",
        Attacker { password: false, seen_value: false, ..Attacker::MAIL_DELETER },
        CHANGING,
        1,
    ),
    (
        Control::LanesApart,
        "values of the second factor that come with a mailed code are counted apart from those of strangers",
        Attacker::SPENDER,
        &[],
        1,
    ),
];

/// How many messages the attacker sends in a scenario.
fn messages(scenario: UserScenario) -> u8 {
    match scenario {
        _ if scenario == PROVISIONING || scenario == PAYING_AFTER_REPLACEMENT => 4,
        _ if scenario == FORGOTTEN_PASSWORD
            || scenario == NEW_RECOVERY_CODES
            || scenario == FREEZING =>
        {
            3
        }
        _ => 2,
    }
}

/// The attackers that a reset is run against.
const STRONGEST_AND_WATCHER: [Attacker; 5] = {
    let [first, second, third, fourth] = Attacker::STRONGEST;
    [first, second, third, fourth, Attacker::PASSWORD_WATCHER]
};

/// The attackers that a scenario is run against.
fn attackers(scenario: UserScenario) -> &'static [Attacker] {
    if scenario == REVERTING || scenario == FREEZING_AND_REVERTING {
        &[Attacker::AFTER_TAKEOVER]
    } else if scenario == PAYING_AFTER_REPLACEMENT {
        &[Attacker::AFTER_REPLACEMENT]
    } else if scenario == FORGOTTEN_PASSWORD {
        &STRONGEST_AND_WATCHER
    } else {
        &Attacker::STRONGEST
    }
}

/// The bounds of the short form, or of each of the two long forms. A search that is longer in both would not end.
fn bounds(scenario: UserScenario, long: bool) -> Vec<Bounds> {
    let interleaving = Interleaving::Comparisons;
    let short = Bounds { waits: 1, messages: messages(scenario), pending: 1, interleaving };
    let one_more_message = Bounds { messages: short.messages + 1, ..short };
    let two_pending = Bounds { pending: 2, ..short };
    if long { vec![one_more_message, two_pending] } else { vec![short] }
}

/// The searches in which messages follow each other, with what the owner does and how many messages the attacker sends.
fn message_searches() -> Vec<(Attacker, UserScenario, u8)> {
    let thieves = Attacker::thieves().into_iter().map(|thief| {
        let scenario = if thief.mailbox { AFTER_THEFT_WITH_MAIL } else { AFTER_THEFT };
        (thief, scenario, 3)
    });
    let replaced = Attacker::AFTER_REPLACEMENTS.map(|it| (it, PAYING_AFTER_REPLACEMENT, 3));
    let others = [(Attacker::MAIL_DELETER, CHANGING, 3), (Attacker::SPENDER, AFTER_THEFT, 2)];
    thieves.chain(replaced).chain(others).collect()
}

/// The result of searching with all controls on.
#[derive(Debug)]
pub struct ControlReport {
    /// A line per search: the number of states, the attacker, the messages and the scenario.
    pub lines: Vec<String>,
    /// The number of states of all searches.
    pub states: usize,
    /// The violations found, which should be none.
    pub failures: Vec<String>,
}

/// Searches every run of the strongest attackers with all controls on, in the short form or the long. Each line is passed
/// to `on_line` as soon as it is known.
#[must_use]
pub fn verify_controls(long: bool, on_line: fn(&str)) -> ControlReport {
    let mut report = ControlReport { lines: Vec::new(), states: 0, failures: Vec::new() };
    let all =
        |scenario: UserScenario| bounds(scenario, long).into_iter().map(move |b| (scenario, b));
    for (scenario, bounds) in SCENARIOS.into_iter().flat_map(all) {
        let mut denied = Vec::new();
        for &attacker in attackers(scenario) {
            let model = Model { attacker, controls: Controls::ALL, scenario, bounds };
            let result = model.search(2, None);
            for (goal, run) in &result.breaches {
                report
                    .failures
                    .push(format!("{attacker}:\n{}", numbered(&model.narrate(run, *goal))));
            }
            report.states += result.states;
            let Bounds { messages, pending, .. } = bounds;
            let pending_note = if pending == 1 { "" } else { ", two pending" };
            let line = format!(
                "{} states: an attacker {attacker}; {messages} messages{pending_note}, while the owner {}",
                result.states,
                activity(scenario),
            );
            on_line(&line);
            report.lines.push(line);
            denied.push(result.denied);
        }
        for (name, on) in expected(scenario) {
            if denied.iter().any(|denied| denied.contains(name)) == *on {
                report
                    .failures
                    .push(format!("{name}: unexpected while the owner {}", activity(scenario)));
            }
        }
    }
    search_messages(long, on_line, &mut report);
    report
}

/// Searches the runs in which messages follow each other; in the long form time passes twice.
fn search_messages(long: bool, on_line: fn(&str), report: &mut ControlReport) {
    for (attacker, scenario, messages) in message_searches() {
        let waits = if long { 2 } else { 1 };
        let bounds = Bounds { waits, messages, pending: 1, interleaving: Interleaving::Messages };
        let model = Model { attacker, controls: Controls::ALL, scenario, bounds };
        let result = model.search(2, None);
        let activity = activity(scenario);
        for (goal, run) in &result.breaches {
            report.failures.push(format!("{attacker}:\n{}", numbered(&model.narrate(run, *goal))));
        }
        for (name, on) in expected(scenario) {
            if result.denied.contains(name) == *on {
                let text = format!(
                    "{name}: unexpected, an attacker {attacker}, while the owner {activity}"
                );
                report.failures.push(text);
            }
        }
        report.states += result.states;
        let times = if long { "two waits" } else { "a wait" };
        let line = format!(
            "{} states: an attacker {attacker}; {messages} messages of any kind and {times}, while the owner {activity}",
            result.states,
        );
        on_line(&line);
        report.lines.push(line);
    }
}

fn activity(scenario: UserScenario) -> &'static str {
    match scenario {
        _ if scenario == FORGOTTEN_PASSWORD => "resets a forgotten password",
        _ if scenario == NEW_FACTOR => "enrols another second factor and then resets the password",
        _ if scenario == NEW_RECOVERY_CODES => {
            "renews the recovery codes and then resets the password"
        }
        _ if scenario == NEW_ADDRESS => "changes the address and then resets the password",
        _ if scenario == FREEZING => "freezes and unfreezes the account",
        _ if scenario == REVERTING => "reverts the attacker's changes",
        _ if scenario == FREEZING_AND_REVERTING => {
            "freezes the account and reverts the attacker's changes"
        }
        _ if scenario == PAYING_AFTER_REPLACEMENT => {
            "sets up payments after replacing phone and second factor"
        }
        _ if scenario == AFTER_THEFT => {
            "freezes the account, logs in on a new phone, enrols another second factor and unfreezes"
        }
        _ if scenario == AFTER_THEFT_WITH_MAIL => {
            "freezes the account, resets the password, logs in on a new phone, enrols another second factor and unfreezes"
        }
        _ if scenario == CHANGING => "enrols another second factor",
        _ => "provisions a payment credential",
    }
}

/// The goals that the owner has to reach in a scenario; without them the model would prove nothing.
fn expected(scenario: UserScenario) -> &'static [(&'static str, bool)] {
    match scenario {
        _ if scenario == FORGOTTEN_PASSWORD => &[
            ("the owner resets the password", true),
            ("the owner is logged in after the reset", true),
            ("the owner pays after the reset", true),
        ],
        _ if scenario == NEW_FACTOR => &[
            ("the owner has another second factor", true),
            ("the owner resets the password", true),
        ],
        _ if scenario == NEW_RECOVERY_CODES => &[("the owner resets the password", true)],
        _ if scenario == NEW_ADDRESS => {
            &[("the owner has another address", true), ("the owner resets the password", true)]
        }
        _ if scenario == FREEZING => &[
            ("the owner unfreezes the account", true),
            ("the owner has a new payment credential", true),
        ],
        _ if scenario == REVERTING => &[
            ("the owner reverts the changes", true),
            ("the owner is logged in after the reset", true),
            ("the owner pays after the reset", true),
        ],
        _ if scenario == FREEZING_AND_REVERTING => &[
            ("the owner reverts the changes", true),
            ("the owner is logged in after the reset", true),
        ],
        _ if scenario == CHANGING => &[("the owner has another second factor", true)],
        _ if scenario == AFTER_THEFT || scenario == AFTER_THEFT_WITH_MAIL => &[
            ("the owner has another second factor", true),
            ("the owner unfreezes the account", true),
            ("the owner has a new payment credential", true),
        ],
        _ => &[("the owner has a new payment credential", true)],
    }
}

fn numbered(sentences: &[String]) -> String {
    sentences.iter().enumerate().fold(String::new(), |mut text, (nth, sentence)| {
        let _ = writeln!(text, "{}. {sentence}", nth + 1);
        text
    })
}

fn model(attacker: Attacker, off: Controls, scenario: UserScenario, messages: u8) -> Model {
    let interleaving = match attacker.foothold {
        Foothold::StolenPhone(_) => Interleaving::Messages,
        _ => Interleaving::Comparisons,
    };
    let bounds = Bounds { waits: 0, messages, pending: 1, interleaving };
    Model { attacker, controls: off, scenario, bounds }
}

fn reaches(model: Model, goal: Goal) -> bool {
    model.search(1, Some(goal)).breaches.iter().any(|(reached, _)| *reached == goal)
}

/// The one attacker that a control is for, where it is none of the strongest: with what the owner does, and the messages
/// that it takes to log in. Spending takes one more.
fn made_for(control: Control) -> Option<(Attacker, UserScenario, u8)> {
    let after_replacement = Attacker { password: false, ..Attacker::AFTER_REPLACEMENT };
    match control {
        Control::LostStaysLost => Some((after_replacement, &[], 5)),
        Control::OthersForgotten => Some((Attacker::PASSWORD_WATCHER, FORGOTTEN_PASSWORD, 1)),
        Control::NewCredentialWaits => Some((Attacker::IMPERSONATOR, &[], 1)),
        Control::FreezeHolds => Some((Attacker::THIEF_WITH_PIN, AFTER_THEFT, 1)),
        _ => None,
    }
}

/// The weakest attacker that reaches a goal without a control, with the fewest messages; `None` if the strongest do not.
fn weakest(control: Control, goal: Goal) -> Option<Model> {
    let controls = Controls::ALL.without(control);
    if let Some((attacker, scenario, messages)) = made_for(control) {
        let messages = messages + u8::from(goal == Goal::Spend);
        let one = model(attacker, controls, scenario, messages);
        let is_stopped = |on: Model| !reaches(Model { controls: Controls::ALL, ..on }, goal);
        return Some(one).filter(|off| reaches(*off, goal) && is_stopped(*off));
    }
    for attacker in Attacker::STRONGEST {
        for scenario in [PROVISIONING, FORGOTTEN_PASSWORD] {
            for messages in 0..=max_messages(attacker, scenario) {
                if !reaches(model(attacker, controls, scenario, messages), goal) {
                    continue;
                }
                let weaker = Attacker::weakest_first()
                    .into_iter()
                    .filter(|weaker| weaker.is_part_of(&attacker));
                let mut models = weaker.map(|weaker| model(weaker, controls, scenario, messages));
                return models.find(|model| reaches(*model, goal));
            }
        }
    }
    None
}

/// How many messages the attacker sends at most when a control is off: what the longest breach takes.
fn max_messages(attacker: Attacker, scenario: UserScenario) -> u8 {
    match (attacker.factor, scenario == PROVISIONING) {
        (true, true) => 5,
        (true, false) | (false, true) => 3,
        (false, false) => 2,
    }
}

/// The run that the checker finds when codes go to any address and no second factor is required.
#[must_use]
pub fn breach_of_2019() -> String {
    let off = Controls::ALL.without(Control::VerifiedAddress).without(Control::SecondFactor);
    narrative(&model(Attacker::OF_2019, off, &[], 5), Goal::Spend)
}

fn narrative(model: &Model, goal: Goal) -> String {
    let run = model.shortest(goal).map(|run| numbered(&model.narrate(&run, goal)));
    run.unwrap_or_else(|| "None.\n".into())
}

/// What each control is for: how far an attacker gets without it, or which control covers for it; then the runs.
#[must_use]
pub fn control_table() -> String {
    let mut text = "| switched off | who can log in | who can spend |\n|---|---|---|\n".to_owned();
    let mut runs = String::new();
    for (control, name) in CONTROLS {
        let [spend, log_in] = [Goal::Spend, Goal::LogIn].map(|goal| (goal, weakest(control, goal)));
        let cell = |(goal, model): &(Goal, Option<Model>)| match model {
            Some(model) => format!("an attacker {}", model.attacker),
            None if control == Control::FreezeHolds => {
                "nobody: it protects the other column".into()
            }
            None => covering_controls(control, *goal),
        };
        let _ = writeln!(text, "| {name} | {} | {} |", cell(&log_in), cell(&spend));
        if let (goal, Some(model)) = if spend.1.is_some() { spend } else { log_in } {
            let _ = write!(
                runs,
                "\nWithout *{name}*, an attacker {}:\n\n{}",
                model.attacker,
                narrative(&model, goal)
            );
        }
    }
    format!("{text}{runs}")
}

/// Who keeps the owner out without a control that keeps them in, and how.
#[must_use]
pub fn owner_table() -> String {
    let mut text = "| switched off | who keeps the owner out |\n|---|---|\n".to_owned();
    let mut runs = String::new();
    for (control, name, attacker, scenario, messages) in OWNERS_CONTROLS {
        let interleaving = Interleaving::Messages;
        let bounds = Bounds { waits: 0, messages, pending: 1, interleaving };
        let off = Model { attacker, controls: Controls::ALL.without(control), scenario, bounds };
        let on = Model { controls: Controls::ALL, ..off };
        let is_kept_out = reaches(off, Goal::KeepOut) && !reaches(on, Goal::KeepOut);
        let who = if is_kept_out { format!("an attacker {attacker}") } else { "nobody".into() };
        let _ = writeln!(text, "| {name} | {who} |");
        let _ = write!(
            runs,
            "\nWithout *{name}*, an attacker {attacker}:\n\n{}",
            narrative(&off, Goal::KeepOut)
        );
    }
    format!("{text}{runs}")
}

/// The controls that cover for one, each alone or two of them: with these off as well the goal is reached, and with fewer
/// off it is not.
fn covering_controls(control: Control, goal: Goal) -> String {
    let reached = |off: &[Control]| {
        let controls = off.iter().fold(Controls::ALL, |controls, off| controls.without(*off));
        let each = Attacker::STRONGEST.into_iter();
        let mut models = each
            .flat_map(|attacker| [0, 1].map(|n| model(attacker, controls, FORGOTTEN_PASSWORD, n)));
        models.any(|model| reaches(model, goal))
    };
    let others = || CONTROLS.into_iter().filter(move |(other, _)| *other != control);
    let covers = others()
        .filter(|(other, _)| reached(&[control, *other]) && !reached(&[*other]))
        .map(|(_, name)| name);
    let names: Vec<_> = covers.collect();
    if !names.is_empty() {
        return format!("nobody, because of *{}*", names.join("* and *"));
    }
    let fewer = |one: Control, other: Control| {
        [[control, one], [control, other], [one, other]].iter().any(|off| reached(off))
    };
    let mut pairs = others().enumerate().flat_map(|(nth, (one, name))| {
        others().skip(nth + 1).map(move |(other, its)| ((one, name), (other, its)))
    });
    let pair = pairs
        .find(|((one, _), (other, _))| reached(&[control, *one, *other]) && !fewer(*one, *other));
    match pair {
        Some(((_, one), (_, other))) => {
            format!("nobody, because of *{one}* and also *{other}*, either of which is enough")
        }
        None => "nobody: it protects the other column".into(),
    }
}
