//! Accounts: sign-up, log-in, second factor, reset of the password. One pure function decides.
//!
//! [`decide()`] takes an account, what was asked of it and the time, and gives the account as it is after it, what has
//! to be done in the same transaction, and the answer. It compares nothing itself: where a password, a mailed code or a
//! value of the second factor was given, its answer is a [`Check`], which exists only once the try was counted. The
//! service writes the counted try down, compares, and tells the outcome as another event. Between the two anything can
//! happen: what was found counts only if the account still has what it was compared with, under the same epoch.
//!
//! The state names secrets by number and holds none. What has to be kept, forgotten and mailed stands in the
//! [`Effect`]s; after each decision the service keeps exactly what the state names.
//!
//! `cargo xtask model` runs this function against thieves; what they reach stands in docs/threat-model.md. For that
//! the feature `model` lets a control be switched off; every product path passes [`Controls::ALL`].
//!
//! Birth date, telephone number and the like are no evidence here, and no event has a field for them. The code of a reset
//! goes to the address that was verified before; no event can name another.

#![forbid(unsafe_code)]

pub mod limits;

mod check;
mod decide;
mod event;
mod ids;
mod state;
mod world;

pub use check::{Check, Compare, Found};
pub use decide::{Caps, Decision, Payer, decide, open};
pub use event::{
    Answer, Change, Deed, Destination, Effect, Event, FactorKind, Letter, MailTo, SecretKind,
};
pub use ids::{CredentialNumber, Epoch, Generation, ResetId, SecretId};
pub use state::{Account, Credential, Device, Live, Session};
pub use world::{Control, Controls, World};
