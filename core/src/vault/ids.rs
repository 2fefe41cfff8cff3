//! The ids of a vault and of its records.

use std::fmt;

use crate::{Random, RandomUnavailable};

/// The id of a vault, for good: 16 random bytes, not secret. Part of what every record is sealed with, so that
/// no row can move from one vault to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VaultId([u8; 16]);

impl VaultId {
    pub(super) fn make(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        let mut bytes = [0; 16];
        random.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The id of an existing vault, as a host's [`Anchor`](super::Anchor) stored it.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes of the id, 16 of them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The id of a record within its vault: 16 random bytes, never all zero (that is the manifest's).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub(super) [u8; 16]);

impl RecordId {
    pub(super) const MANIFEST: Self = Self([0; 16]);

    /// A new id that no other record has.
    ///
    /// # Errors
    /// [`RandomUnavailable`], also for a source that returns sixteen zeros.
    pub fn make(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        let mut bytes = [0; 16];
        random.fill(&mut bytes)?;
        Self::new(bytes).ok_or(RandomUnavailable)
    }

    /// The id of an existing record; `None` if all bytes are zero.
    #[must_use]
    pub fn new(bytes: [u8; 16]) -> Option<Self> {
        (bytes != Self::MANIFEST.0).then_some(Self(bytes))
    }

    /// The id of a row, the manifest's included.
    pub(super) fn from_row(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes of the id, 16 of them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// 32 lower-case hexadecimal digits.
impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({self})")
    }
}
