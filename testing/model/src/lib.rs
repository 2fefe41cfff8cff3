//! A thief against [`tegata_policy::decide()`]: every run of a small world, the function itself and no copy of it.
//!
//! An owner does what owners do; a [`Thief`] knows her address, birth date, telephone number and old password, and may
//! read her mailbox or hold her second factor. Both send what they like in any order, and between a question and its
//! comparison anything else can happen. A checker looks at every state that can be reached. Secrets are their numbers:
//! who knows one can give it, who does not cannot.
//!
//! Bounds: how many messages the thief sends, how many waits there are, what she does meanwhile. Every order of all that
//! within the bounds is looked at, and nothing is said of what lies beyond them.
//!
//! What is left out, and why, is [`left_out`]'s to say.
//!
//! Controls can be switched off with the feature `model` of `tegata` alone, which this crate alone asks for. A build of
//! the whole workspace unifies features, so the switches are compiled in there; every product path passes
//! [`Controls::ALL`](tegata_policy::Controls::ALL) all the same.

mod act;
mod errand;
mod left_out;
mod past;
mod play;
mod report;
mod search;
mod state;
mod thief;
mod words;

pub use act::{Act, Given, Message, Who};
pub use errand::{
    ERRANDS, Errand, FACTOR, FORGOTTEN, FREEZING, MOVING, PAYING, RECOVERY, STOPPING, UNDOING,
};
pub use left_out::left_out;
pub use report::{Holds, breach_of_2019, holds, table};
pub use search::{Goal, Model, Run, Searched};
pub use state::{Bounds, State};
pub use thief::{Start, Thief};
