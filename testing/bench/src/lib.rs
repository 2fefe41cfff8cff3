//! Both sides of the benches: ours, and what one would use instead, each put to work as its own documentation
//! says. The rows themselves are in `benches/rows.rs`; docs/performance.md explains how to read them.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a peer that fails has no figure"
)]

pub mod code;
pub mod ours;
pub mod passphrase;
pub mod sqlite;
pub mod symbol;

/// The digits that every symbol is made of.
pub const DIGITS: &str = "501234567890123456789012";
/// The secret behind every code.
pub const SECRET: [u8; 32] = [0x5a; 32];
/// The moment at which every code is made.
pub const NOW: u64 = 1_790_000_000;
/// How many credentials a store holds.
pub const CREDENTIALS: u32 = 100;
/// The number of the credential that is looked up.
pub const WANTED: u32 = 42;
