//! The payment code, version 1: 24 decimal digits, made on the phone without a network, accepted once.
//!
//! ```text
//! prefix (4-8) | alias (11-7) | slot (1) | otp (8)
//! ```
//!
//! The phone side: [`Seed`] → [`CodeKeys`] → [`CodeKeys::derive`] → [`PaymentCode`], with the slot chosen by
//! [`next_slot`]. The issuer's side: [`Digits`] → [`Prefixes::decode`] → [`verify`] with a [`ReplayGuard`].
//! Both use the same types and the same derivations, so they cannot drift apart.
//!
//! The issuer's side decodes what a till sent, compares it with the candidates, and accepts it once:
//!
//! ```
//! use tegata::{UnixTime, code::*};
//!
//! let scheme = Scheme { prefix: "4960".parse()?, alias_period: AliasPeriod::DAY };
//! let seed = Seed::from_slice(&[7; 32]).ok_or("a seed has 32 bytes")?;
//! let now = UnixTime::new(1_800_000_000)?;
//! # // What the shopper's phone shows at this moment.
//! # let slot = CodeSlot { step: Step::at(now), index: SlotIndex::FIRST, audience: Audience::AnyTill };
//! # let code = CodeKeys::new(&seed).derive(&scheme, &slot);
//! # let scanned = code.digits().as_bytes();
//!
//! let guard = SqliteGuard::in_memory(AttemptLimits::default())?;
//! let prefixes = Prefixes::new([scheme])?;
//! let id = CredentialId([1; 16]);
//! let till = "till-1".parse()?;
//! let scan = || {
//!     // The credentials whose alias at this time is the one in the code.
//!     let candidates = |_: &_, _: &_| Ok(vec![Candidate::new(id, &seed)]);
//!     verify(&guard, &prefixes, scanned, &till, now, candidates)
//! };
//! assert!(matches!(scan()?, Verdict::Accepted { credential, .. } if credential == id));
//! assert_eq!(scan()?, Verdict::Refused(CodeRefusal::Used));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
pub use digits::{Digits, ParseDigitsError};
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
