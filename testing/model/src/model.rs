//! The parameters of a search: attacker, controls, scenario and bounds.

use tegata_policy::Controls;

use crate::attacker::Attacker;
use crate::scenario::UserScenario;

/// The parameters of a search.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// The attacker's access and knowledge.
    pub attacker: Attacker,
    /// The controls that are on.
    pub controls: Controls,
    /// What the owner does meanwhile.
    pub scenario: UserScenario,
    /// Limits on the length of runs.
    pub bounds: Bounds,
}

/// Limits on the length of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How often time passes.
    pub waits: u8,
    /// How many messages the attacker sends.
    pub messages: u8,
    /// How many of the attacker's messages wait for a comparison at once.
    pub pending: usize,
    /// Whether anything happens between a message and its comparison.
    pub interleaving: Interleaving,
}

/// What may happen between a message and its comparison. A run has one or the other: with both, a search would not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interleaving {
    /// Anything else may, and time passes by minutes. The attacker sends what could give them power.
    Comparisons,
    /// Nothing: messages follow each other. Time passes by minutes, days, weeks and a month, and the attacker sends
    /// whatever an account takes.
    Messages,
}

/// A goal that the attacker must not reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// A valid payment credential on the attacker's device.
    Spend,
    /// A valid session on the attacker's device.
    LogIn,
    /// A payment from an account that is frozen, whoever makes it.
    SpendFrozen,
    /// An owner who does what the documentation says, and cannot pay again.
    KeepOut,
}
