//! What the running issuer does by itself: seals the log, and clears away what is over. A job that fails is logged and
//! comes again; no request waits for one.

mod announce;
mod charges;
mod context;
mod counts;
mod cursors;
mod deletions;
mod error;
mod idempotency;
mod job;
mod measure;
mod partitions;
mod runner;
mod seal;
mod sessions;
mod sign_ups;
mod wrong_codes;

pub(crate) use context::Jobs;
pub(crate) use counts::JobCounts;
