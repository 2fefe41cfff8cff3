//! The payment code, version 1: 24 decimal digits, made on the phone without a network, accepted once.
//!
//! ```text
//! prefix (4-8) | alias (11-7) | slot (1) | otp (8)
//! ```
//!
//! The phone side: [`Seed`] → [`CodeKeys`] → [`CodeKeys::derive`] → [`PaymentCode`], with the turn chosen by
//! [`next_turn`]. The issuer's side: [`Digits`] → [`Prefixes::decode`] → [`verify`] with a [`ReplayGuard`].
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

pub use alias::{Alias, AliasPeriod, BadAliasPeriod};
pub use clock_status::{ClockOffset, ClockStatus};
pub use counter::{BadCounter, BadSlot, Counter, Nth, STEP_SECONDS, Slot, Step};
pub use decimal::CODE_DIGITS;
pub use decode::{Decoded, OverlappingPrefix, Prefixes, Scheme, decode};
pub use derive::{AliasKey, Audience, BadAudience, CodeKeys, Turn};
pub use digits::{Digits, Malformed};
pub use guard::{Admission, AttemptLimits, CredentialId, ReplayGuard};
pub use next::{Next, next_turn};
pub use payment_code::PaymentCode;
pub use prefix::{BadPrefix, Prefix};
pub use seed::Seed;
pub use spoken::Language;
pub use sqlite_guard::{GuardError, SqliteGuard};
pub use till::{BadTillId, TillId};
pub use till_card::{BadTillCard, ShopName, TillCard, UnsignedTillCard};
pub use verify::{Candidate, Compared, Matched, Refusal, Verdict, compare, verify};
