//! Work of many callers in one transaction.
//!
//! | file | content |
//! |---|---|
//! | `scheduler` | queues, and who runs what is in them |
//! | `step` | one transaction, in which all work runs in step |
//! | `channel` | what work and its transaction send each other |
//! | `combined_statement` | all that is written at the end, as one statement |

mod channel;
mod combined_statement;
mod scheduler;
mod step;

pub(super) use scheduler::BatchScheduler;
