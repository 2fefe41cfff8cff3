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
}

/// A goal that the attacker must not reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// A valid payment credential on the attacker's device.
    Spend,
    /// A valid session on the attacker's device.
    LogIn,
}
