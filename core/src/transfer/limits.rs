//! How much one transfer holds.

/// Records of one transfer at most.
pub(crate) const MAX_RECORDS: usize = 1000;
/// Bytes of all records at most, each with its length.
pub(crate) const MAX_BYTES: usize = 512_000;
