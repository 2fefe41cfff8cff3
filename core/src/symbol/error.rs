//! Why a text cannot be drawn as a symbol.

use super::{limits::CODE128_MAX, qr_level::QrLevel};

/// Why a text cannot be drawn as the requested symbol. Never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SymbolError {
    /// A scanner has nothing to report for a symbol of nothing.
    #[error("the text is empty, but a symbol needs at least one character")]
    Empty,
    /// More than the largest QR code (version 40) holds.
    #[error(
        "the text is too long for a QR code at level {level}, which holds up to {} digits or {} bytes",
        level.most_digits(), level.most_bytes()
    )]
    TooLongForQr {
        /// The requested level; L, which holds most, if none was.
        level: QrLevel,
    },
    /// Wider than hand-held scanners read.
    #[error(
        "the text is too long for a Code 128, which holds up to {} characters here",
        CODE128_MAX
    )]
    TooLongForCode128,
    /// Code 128 is for ASCII.
    #[error("character {position} is not ASCII, and Code 128 supports only ASCII")]
    NotAscii {
        /// Counted in characters from 1.
        position: usize,
    },
    /// A payment code is made of ASCII digits, full-width ones are others.
    #[error("byte {position} is not one of the ASCII digits 0 to 9")]
    NotADigit {
        /// Counted in bytes from 1.
        position: usize,
    },
}
