//! The number of the vault's format.

/// The format that this version writes, and the latest that it reads. One more than there are steps in `migrate`.
pub(super) const NEWEST: u32 = 1;
