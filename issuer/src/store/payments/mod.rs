//! Authorisations as rows: taken in one transaction, moved on by compare-and-set, voided.
//!
//! | file | idea |
//! |---|---|
//! | `row` | an authorisation, its states, and which of them may follow which |
//! | `authorise` | one transaction from a code to an authorisation |
//! | `attempts` | codes that fitted nobody, counted |
//! | `void` | what a till takes back, whether it came or not |
//! | `read` | one, a till's last, what is under way |

mod attempts;
mod authorise;
mod read;
mod row;
mod void;

pub use authorise::{Answered, Asked, Bounds, Cap, Code, Found, Order, Prepare, Reason};
pub use read::UnderWay;
pub use row::{Authorisation, AuthorisationId, State};
pub use void::{Voided, What};
