//! Payments at the till, over HTTP, on both stores: each row of the design's order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod at_once;
mod counts;
mod currency;
mod failover;
mod history;
mod limits;
mod managers;
mod numbers;
mod order;
mod partitions;
mod plans;
mod references;
mod report;
mod restore;
mod sharding;
mod sums;
mod tills;
mod voids;
