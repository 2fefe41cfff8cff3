//! Plain values that everything else is written in, without any input or output.
//!
//! | file | idea |
//! |---|---|
//! | `ids` | what rows are found by |
//! | `money`, `currency`, `sale`, `limits` | amounts; currencies; what a till calls a sale; what may be spent |
//! | `month` | months of payments and events |
//! | `network`, `refill` | whose requests budgets count together; limits that refill |
//! | `processor_ids` | what the card processor calls customers, cards and charges |
//! | `sealed` | secrets as they stand in rows |
//! | `manager` | managers of tills, and their codes |
//! | `operator` | who acts, why, and on whose account |
//! | `environment` | time and randomness |
//! | `store_url`, `secret_text` | where the store is; texts that no error repeats |
//! | `hash`, `text`, `internal_error` | SHA-256; types for short texts; failures that no request can help |

mod currency;
mod environment;
pub(crate) mod hash;
mod ids;
mod internal_error;
mod limits;
mod manager;
mod money;
mod month;
mod network;
mod newtype;
mod operator;
mod processor_ids;
mod refill;
mod sale;
mod sealed;
mod secret_text;
mod store_url;

pub use currency::Currency;
pub use environment::{Environment, SystemUptime, Uptime};
pub(crate) use ids::first_of;
pub use ids::{
    AccountId, AuthorisationId, CardId, EventId, HandleKey, MailId, RequestId, ThrottleKey,
    TokenHash, first_credential_of, make_credential_id,
};
pub use internal_error::InternalError;
pub use limits::{AuthoriseLimits, Cap, PaymentRules, VoidAge};
pub use manager::{ManagerCode, ManagerCodeHash, ManagerName};
pub use money::{Amount, DayOffset, Decimals};
pub use month::Month;
pub use network::{Network, NetworkBlock};
pub use newtype::InvalidField;
pub use operator::{AccountRef, InvalidReason, ParseAccountRefError, Reason};
pub use processor_ids::{CustomerId, Fingerprint, IntentId, MethodId, RegisteredCard, SetupId};
pub use refill::{RefillingLimit, UsedUntil};
pub use sale::{IdempotencyKey, Reference};
pub use sealed::{Sealed, SealedSeed, WrappedKey};
pub(crate) use sealed::{secret_kind, secret_kind_number};
pub(crate) use secret_text::secret_text;
pub use store_url::StoreUrl;
