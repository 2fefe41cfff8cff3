//! The payment code, version 1: 24 decimal digits, made on the phone without a network, accepted once.
//!
//! ```text
//! prefix (4-8) | alias (11-7) | slot (1) | otp (8)
//! ```
//!
//! The phone side: [`Seed`] → [`CodeKeys`] → [`CodeKeys::derive`] → [`PaymentCode`], with the slot chosen by
//! [`next_slot`]. The issuer's side: [`Digits`] → [`Prefixes::decode`] → [`verify`] with a [`ReplayGuard`].
//! Both use the same types and the same derivations, so they cannot drift apart.

mod alias;
mod clock_status;
mod counter;
mod decimal;
mod decode;
mod derive;
mod digits;
mod guard;
mod next;
mod otp;
mod payment_code;
mod prefix;
mod seed;
mod spoken;
mod sqlite_guard;
mod till;
mod till_card;
mod verify;

pub use alias::{Alias, AliasPeriod, InvalidAliasPeriod};
pub use clock_status::{ClockOffset, ClockStatus};
pub use counter::{Counter, InvalidCounter, InvalidSlot, STEP_SECONDS, Slot, SlotIndex, Step};
pub use decimal::CODE_DIGITS;
pub use decode::{DecodedCode, OverlappingPrefixes, Prefixes, Scheme, decode};
pub use derive::{AliasKey, Audience, AudienceMismatch, CodeKeys, CodeSlot};
pub use digits::{Digits, Malformed};
pub use guard::{Admission, AttemptLimits, CredentialId, ReplayGuard};
pub use next::{NextSlot, next_slot};
pub use payment_code::PaymentCode;
pub use prefix::{InvalidPrefix, Prefix};
pub use seed::Seed;
pub use spoken::SpokenLanguage;
pub use sqlite_guard::{SqliteGuard, SqliteGuardError};
pub use till::{InvalidTillId, TillId};
pub use till_card::{ShopName, TillCard, TillCardError, UnsignedTillCard};
pub use verify::{Candidate, CodeMatch, CodeRefusal, Comparison, Verdict, compare, verify};
