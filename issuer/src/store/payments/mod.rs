//! Payments: authorised in one transaction, moved on by compare-and-set, voided.
//!
//! | file | content |
//! |---|---|
//! | `state` | states, which may follow which, and reasons to decline |
//! | `authorisation`, `new_rows` | a payment as a row; the rows that a new one adds and changes |
//! | `request`, `prior_sale`, `context` | a till's request; what is known of it before the code is looked at |
//! | `attempts` | wrong codes, counted |
//! | `candidates` | the accounts that a code may belong to |
//! | `authorise` | one transaction from a code to an authorisation |
//! | `receipts`, `transitions` | the mails about a payment; from one state to the next |
//! | `void` | what a till takes back |
//! | `adopt` | rows that were lost, made anew |
//! | `open` | payments that are not final |
//! | `read`, `report` | payments, read; unusual activity |
//! | `idempotency` | sale numbers and answers, deleted in time |

mod adopt;
mod attempts;
mod authorisation;
mod authorise;
mod candidates;
mod context;
mod idempotency;
mod new_rows;
mod open;
mod prior_sale;
mod read;
mod receipts;
mod report;
mod request;
mod state;
mod transitions;
mod void;
mod void_counts;

pub use crate::domain::{AuthoriseLimits, Cap};
pub use adopt::{AdoptedState, AdoptionOutcome, LostPayment};
pub use attempts::ATTEMPT_DAYS;
pub use authorisation::Authorisation;
pub use candidates::{CandidateCache, CandidateCredential};
pub use idempotency::IDEMPOTENCY_DAYS;
pub use read::{OpenPaymentCounts, PaymentWithShop};
pub use receipts::ReceiptWriter;
pub use report::{ActivityMeasure, ActivitySubject, BusyPeriod, TimeSpan, WrongCodeCount};
pub use request::{
    AuthoriseOutcome, AuthoriseRequest, NewAuthorisation, ParsedCode, SaleDetails, TillRequest,
};
pub use state::{AuthorisationState, DeclineReason};
pub use void::{VoidOutcome, VoidRequest, VoidTarget};
pub use void_counts::VoidCount;
