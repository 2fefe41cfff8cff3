//! Checks [`tegata_policy::decide()`] against attackers: every run of a small model, with the function itself, not a copy.
//!
//! An owner follows a [`UserScenario`]; an [`Attacker`] knows the owner's address, birth date, telephone number and old
//! password, and may read the mailbox or hold the second factor. Both send messages in any order, and anything else can
//! happen between a message and its comparison. The checker visits every reachable state. Secrets are represented by their
//! ids: whoever knows an id can send the secret, and nobody else can.
//!
//! [`Bounds`] limit how many messages the attacker sends and how often time passes. Every order within them is visited;
//! nothing is claimed beyond them.
//!
//! [`exclusions`] lists what the model excludes, and why.
//!
//! Controls can be switched off only with the feature `model` of `tegata-policy`, which this crate alone enables. A build
//! of the whole workspace unifies features, so the switches are compiled in there; every product path still passes
//! [`Controls::ALL`](tegata_policy::Controls::ALL) all the same.

mod action;
mod attacker;
mod available_actions;
mod exclusions;
mod execute;
mod history;
mod model;
mod narrative;
mod report;
mod return_of_owner;
mod scenario;
mod search;
mod state;

pub use action::{Action, Actor, Circumstances, Message, TypedValue, Wait};
pub use attacker::{Attacker, Foothold, PhoneAccess};
pub use exclusions::exclusions;
pub use model::{Bounds, Goal, Interleaving, Model};
pub use report::{ControlReport, breach_of_2019, control_table, owner_table, verify_controls};
pub use scenario::{
    AFTER_THEFT, AFTER_THEFT_WITH_MAIL, CHANGING, FORGOTTEN_PASSWORD, FREEZING,
    FREEZING_AND_REVERTING, NEW_ADDRESS, NEW_FACTOR, NEW_RECOVERY_CODES, PAYING_AFTER_REPLACEMENT,
    PROVISIONING, REVERTING, SCENARIOS, UserScenario, UserStep,
};
pub use search::{Run, SearchResult};
pub use state::State;
