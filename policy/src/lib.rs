//! Accounts: sign-up, log-in, second factor, password reset. One pure function decides.
//!
//! [`decide()`] takes an account, an event and the time, and returns the account's next state, the effects to carry out
//! in the same transaction, and the reply. It compares nothing itself: where a password, a mailed code or a value of the
//! second factor was sent, the reply is a [`PendingVerification`], which exists only once the attempt was counted. The
//! service writes the counted attempt, compares, and reports the result as another event. Anything can happen between
//! the two: a match counts only if the account still has what was compared, under the same epoch.
//!
//! The state names secrets by number and contains none. The [`Effect`]s say which secrets to store, delete and mail;
//! after each decision the service stores exactly those that the state names.
//!
//! `cargo xtask model` runs this function against attackers; docs/threat-model.md lists what they reach. For that the
//! feature `model` allows a control to be switched off; every product path passes [`Controls::ALL`].
//!
//! Birth dates, telephone numbers and the like are not evidence here, and no event has a field for them. The code of a
//! reset goes to the address that was verified earlier; no event can name another.

#![forbid(unsafe_code)]

pub mod limits;

mod card_setup;
mod context;
mod decide;
mod device_status;
mod devices;
mod effect;
mod event;
mod ids;
mod state;
mod verification;

pub use card_setup::CardSetupOrigin;
pub use context::{Control, Controls, PolicyContext};
pub use decide::{Caps, Decision, NextCredential, SpendingCredential, begin_sign_up, decide};
pub use device_status::DeviceFlags;
pub use devices::{Device, Session};
pub use effect::{AuditEvent, Change, Effect, MailRecipient, Notification, SecretKind};
pub use event::{Event, Reply, ResetDestination};
pub use ids::{CredentialNumber, Epoch, Generation, ResetId, SecretId};
pub use state::{Account, ActiveAccount, Credential, PendingSignUp};
pub use verification::{ExpectedEvidence, FactorKind, Lane, MatchResult, PendingVerification};
