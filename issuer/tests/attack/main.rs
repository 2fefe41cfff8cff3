//! The issuer under attack: what its answers cost, clocks that jump, a process that is killed, a memory that is read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod budgets;
mod canaries;
mod cards;
mod child;
mod clocks;
mod crash;
mod device_calls;
mod enumeration;
mod replay;
mod stolen;

/// As the binary has it: what is freed is wiped.
#[global_allocator]
static WIPED: zeroizing_alloc::ZeroAlloc<mimalloc::MiMalloc> =
    zeroizing_alloc::ZeroAlloc(mimalloc::MiMalloc);
