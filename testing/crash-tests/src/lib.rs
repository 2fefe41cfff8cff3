//! Power cuts, `kill -9` and disks that fail, against the sealed file of the real core: docs/power-loss.md.
//!
//! | file | idea |
//! |---|---|
//! | `workload` | every operation by name: a new one is a line there |
//! | `syscalls`, `recorder` | between the program and its disk: what it changes is taken down, or refused |
//! | `tape`, `disk` | what was taken down: changes, syncs, answers |
//! | `crash` | the states that a power cut can leave |
//! | `judge` | whether the vault found in such a state is one that the rules allow |
//!
//! For Linux: it stands in for that system's calls.
#![cfg(target_os = "linux")]

mod crash;
pub mod disk;
mod judge;
mod recorder;
mod syscalls;
mod tape;
mod workload;

pub use crash::{Moment, Wreck};
pub use judge::{Content, Judge, Older, Verdict};
pub use recorder::{Calm, Fault, FaultKind, Recording};
pub use tape::{Event, Tape};
pub use workload::{Answer, Device, STEPS, Step};

/// The rounds of the long form, if that is what runs: `cargo xtask storms` says so in `TEGATA_STORM_ROUNDS`.
#[must_use]
pub fn long_form() -> Option<usize> {
    std::env::var("TEGATA_STORM_ROUNDS").ok()?.parse().ok()
}
