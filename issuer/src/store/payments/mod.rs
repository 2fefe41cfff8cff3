//! Authorisations as rows: taken in one transaction, moved on by compare-and-set, voided.
//!
//! | file | idea |
//! |---|---|
//! | `row` | an authorisation, its states, and which of them may follow which |
//! | `authorise` | one transaction from a code to an authorisation |
//! | `payer` | whose code it may be, with all that a payment has to know of a shopper |
//! | `attempts` | codes that fitted nobody, counted |
//! | `told` | who writes what an account's owner is told of them |
//! | `void` | what a till takes back, whether it came or not |
//! | `open` | what is not over, held by one at a time |
//! | `read` | one, a till's last, an account's, what is under way |
//! | `answers` | what is dropped of sales and keys, and when |
//! | `report` | where much was paid in a short time |

mod answers;
mod attempts;
mod authorise;
mod open;
mod payer;
mod read;
mod report;
mod row;
mod told;
mod void;

pub use answers::ANSWERS_KEPT;
pub use attempts::ATTEMPTS_KEPT;
pub use authorise::{Answered, Asked, Bounds, Cap, Code, Made, Order, Reason};
pub use payer::{Found, Prepare};
pub use read::{Paid, UnderWay};
pub use report::{Busy, Counted, Span, Who, Wrong};
pub use row::{Authorisation, State};
pub use told::Tell;
pub use void::{Voided, What};
