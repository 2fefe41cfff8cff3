//! Power cuts, `kill -9` and disks that fail, against the sealed file of the real core: docs/power-loss.md.
//!
//! | file | what is in it |
//! |---|---|
//! | `workload` | every operation of a wallet by name: a new one is a line there |
//! | `syscalls`, `recorder` | system calls that change files: recorded, or refused |
//! | `event_log`, `disk` | what was recorded: changes, syncs, finished operations |
//! | `crash_state` | the states that a power cut can leave |
//! | `checker` | whether the vault found in such a state is one that the rules allow |
//!
//! For Linux: it stands in for that system's calls.
#![cfg(target_os = "linux")]

mod checker;
mod crash_state;
pub mod disk;
mod event_log;
mod recorder;
mod syscalls;
mod workload;

pub use checker::{CheckResult, Content, Rollback, StateChecker};
pub use crash_state::{CrashPoint, CrashState};
pub use event_log::{Event, EventLog};
pub use recorder::{Fault, FaultKind, NoSync, Recording};
pub use workload::{Answer, STEPS, Step, WorkloadDevice};

/// The rounds of an extended run, which `cargo xtask storms` sets in `TEGATA_STORM_ROUNDS`; `None` in a normal one.
#[must_use]
pub fn extended_rounds() -> Option<usize> {
    std::env::var("TEGATA_STORM_ROUNDS").ok()?.parse().ok()
}
