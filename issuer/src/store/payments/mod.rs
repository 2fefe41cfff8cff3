//! Authorisations as rows: taken in one transaction, moved on by compare-and-set, voided.
//!
//! | file | idea |
//! |---|---|
//! | `authorisation` | an authorisation, its states, and which of them may follow which |
//! | `authorise` | one transaction from a code to an authorisation |
//! | `candidates` | whose code it may be, with all that a payment has to know of a shopper |
//! | `attempts` | codes that fitted nobody, counted |
//! | `receipts` | who writes what an account's owner is told of them |
//! | `void` | what a till takes back, whether it came or not |
//! | `open` | what is not over, held by one at a time |
//! | `read` | one, a till's last, an account's, what is under way |
//! | `idempotency` | what is dropped of sales and keys, and when |
//! | `report` | where much was paid in a short time |

mod attempts;
mod authorisation;
mod authorise;
mod candidates;
mod idempotency;
mod open;
mod read;
mod receipts;
mod report;
mod void;

pub use crate::domain::{AuthoriseLimits, Cap};
pub use attempts::ATTEMPT_DAYS;
pub use authorisation::{Authorisation, AuthorisationState};
pub use authorise::{
    AuthoriseOutcome, AuthoriseRequest, DeclineReason, NewAuthorisation, ParsedCode, SaleDetails,
};
pub use candidates::{CandidateCache, CandidateCredential};
pub use idempotency::IDEMPOTENCY_DAYS;
pub use read::{OpenPaymentCounts, PaymentWithShop};
pub use receipts::ReceiptWriter;
pub use report::{ActivityMeasure, ActivitySubject, BusyPeriod, TimeSpan, WrongCodeCount};
pub use void::{VoidOutcome, VoidTarget};
