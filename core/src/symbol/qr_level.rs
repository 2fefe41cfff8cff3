//! How much damage a QR code survives, and what it holds for that.

use std::fmt;

/// The level of error correction: about 7, 15, 25 or 30 % of the codewords may be unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QrLevel {
    /// Low: about 7 % of the codewords may be unreadable.
    L,
    /// Medium: about 15 %, the level of most printed codes.
    M,
    /// Quartile: about 25 %, the level of a payment code.
    Q,
    /// High: about 30 %, for symbols that get dirty.
    H,
}

impl QrLevel {
    /// The levels, strongest first.
    pub(super) const STRONGEST_FIRST: [Self; 4] = [Self::H, Self::Q, Self::M, Self::L];

    /// Digits that version 40 holds in numeric mode (ISO/IEC 18004, table 7).
    pub(super) const fn most_digits(self) -> usize {
        [7089, 5596, 3993, 3057][self as usize]
    }

    /// Bytes that version 40 holds in byte mode (ISO/IEC 18004, table 7).
    pub(super) const fn most_bytes(self) -> usize {
        [2953, 2331, 1663, 1273][self as usize]
    }
}

impl fmt::Display for QrLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(["L", "M", "Q", "H"][*self as usize])
    }
}
