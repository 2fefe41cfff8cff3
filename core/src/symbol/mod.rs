//! Digits or text → module matrix → SVG, PNG, terminal.
//!
//! A [`Symbol`] is the bare matrix, one bit per module, and knows the quiet zone that every drawing of it must
//! leave. Drawings are dark on light, always: many tills do not read an inverted symbol.
//!
//! ```
//! use tegata::symbol::{PaymentSymbols, Symbol};
//!
//! # fn main() -> Result<(), tegata::symbol::SymbolError> {
//! let symbols = PaymentSymbols::new(b"010168606235459802301338")?;
//! assert_eq!(symbols.qr.drawn_size(), (29, 29));
//! let svg = Symbol::qr("https://example.com/")?.svg();
//! assert!(svg.starts_with("<svg "));
//! # Ok(())
//! # }
//! ```

mod bits;
mod code128;
mod error;
mod png;
mod qr;
mod svg;
mod terminal;

use std::{fmt, num::NonZeroU16};

pub use error::SymbolError;
pub use png::{ModuleSize, ModuleSizeOutOfRange};
pub use qr::QrLevel;

/// The kinds of symbol that can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// QR Code, ISO/IEC 18004.
    Qr,
    /// Code 128, ISO/IEC 15417.
    Code128,
}

/// Light modules that must surround a symbol. Without them scanners do not find its edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietZone {
    /// Modules to the left, and as many to the right.
    pub sides: u16,
    /// Modules above, and as many below; 0 for a linear symbol.
    pub ends: u16,
}

impl Format {
    /// The quiet zone: 4 modules all around a QR code (ISO/IEC 18004, 6.3.8), 10 left and right of a Code 128
    /// (ISO/IEC 15417).
    #[must_use]
    pub const fn quiet_zone(self) -> QuietZone {
        match self {
            Self::Qr => QuietZone { sides: 4, ends: 4 },
            Self::Code128 => QuietZone { sides: 10, ends: 0 },
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Qr => "QR code",
            Self::Code128 => "Code 128",
        })
    }
}

/// A matrix of dark and light modules, without its quiet zone.
///
/// A linear symbol has one row of modules, to be drawn [`Symbol::bar_height`] modules high.
#[derive(Clone, PartialEq, Eq)]
pub struct Symbol {
    format: Format,
    width: u16,
    rows: Vec<u8>,
}

/// The two symbols of one payment code, shown together as shoppers are used to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentSymbols {
    /// Version 1, level Q: 21 x 21 modules, 63 bytes.
    pub qr: Symbol,
    /// All in code set C: 167 modules, 187 with quiet zone, 21 bytes.
    pub code128: Symbol,
}

impl PaymentSymbols {
    /// Draws the 24 ASCII digits of a payment code. A few microseconds, two small allocations.
    ///
    /// # Errors
    /// [`SymbolError::NotADigit`] names the first byte that is not an ASCII digit.
    pub fn new(digits: &[u8; 24]) -> Result<Self, SymbolError> {
        if let Some(at) = digits.iter().position(|byte| !byte.is_ascii_digit()) {
            return Err(SymbolError::NotADigit { position: at + 1 });
        }
        // digits are always UTF-8
        let text = std::str::from_utf8(digits).unwrap_or_default();
        Ok(Self { qr: Symbol::qr(text)?, code128: Symbol::code128(text)? })
    }
}

impl Symbol {
    /// The smallest QR code that holds `text`, at the highest level of error correction that keeps it so small.
    ///
    /// 24 digits: version 1, level Q. Text that is not ASCII is marked as UTF-8 (ECI 26).
    ///
    /// # Errors
    /// [`SymbolError::Empty`], [`SymbolError::TooLongForQr`].
    pub fn qr(text: &str) -> Result<Self, SymbolError> {
        qr::smallest(text)
    }

    /// The smallest QR code that holds `text` at this very level of error correction.
    ///
    /// # Errors
    /// [`SymbolError::Empty`], [`SymbolError::TooLongForQr`].
    pub fn qr_at(text: &str, level: QrLevel) -> Result<Self, SymbolError> {
        qr::at(text, level)
    }

    /// The shortest Code 128 of up to 80 ASCII characters, control characters included.
    ///
    /// # Errors
    /// [`SymbolError::Empty`], [`SymbolError::TooLongForCode128`], [`SymbolError::NotAscii`].
    pub fn code128(text: &str) -> Result<Self, SymbolError> {
        code128::encode(text)
    }

    /// What kind of symbol this is.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Modules from left to right, without the quiet zone.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Rows of modules, without the quiet zone; 1 for a linear symbol.
    #[must_use]
    pub fn height(&self) -> u16 {
        match self.format {
            Format::Qr => self.width,
            Format::Code128 => 1,
        }
    }

    /// The light modules to leave around.
    #[must_use]
    pub fn quiet_zone(&self) -> QuietZone {
        self.format.quiet_zone()
    }

    /// The rows from top to bottom, each of `width.div_ceil(8)` whole bytes; the leftmost module is the most
    /// significant bit, a dark module is 1, the bits past the width are 0.
    #[must_use]
    pub fn rows(&self) -> &[u8] {
        &self.rows
    }

    /// Whether the module is dark; counted from the top left of the symbol, light outside of it.
    #[must_use]
    pub fn is_dark(&self, x: u16, y: u16) -> bool {
        if x >= self.width || y >= self.height() {
            return false;
        }
        let stride = usize::from(self.width.div_ceil(8));
        self.rows[usize::from(y) * stride + usize::from(x / 8)] & (0x80 >> (x % 8)) != 0
    }

    /// For a linear symbol: how many modules high its bars should be drawn, 30 % of its width and at least 20.
    ///
    /// That is twice what ISO/IEC 15417 advises for reading by hand: a scan line tilted by 16 degrees still
    /// crosses all bars. `None` for a symbol with rows of its own.
    #[must_use]
    pub fn bar_height(&self) -> Option<NonZeroU16> {
        match self.format {
            Format::Qr => None,
            Format::Code128 => NonZeroU16::new((self.width * 3).div_ceil(10).max(20)),
        }
    }

    /// Width and height in modules of a drawing with its quiet zone, and bars of the recommended height.
    #[must_use]
    pub fn drawn_size(&self) -> (u16, u16) {
        let quiet = self.quiet_zone();
        let height = self.bar_height().map_or(self.height(), NonZeroU16::get);
        (self.width + 2 * quiet.sides, height + 2 * quiet.ends)
    }

    /// Whether the module is dark; counted from the top left of the drawing that `drawn_size` measures.
    fn is_drawn_dark(&self, x: u16, y: u16) -> bool {
        let quiet = self.quiet_zone();
        let row = if self.bar_height().is_some() { Some(0) } else { y.checked_sub(quiet.ends) };
        match (x.checked_sub(quiet.sides), row) {
            (Some(x), Some(y)) => self.is_dark(x, y),
            _ => false,
        }
    }
}

/// Kind and size only: what a payment code says does not belong in a log.
impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} x {} modules", self.format, self.width, self.height())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &[u8; 24] = b"010168606235459802301338";

    #[test]
    fn a_payment_code_has_the_sizes_that_the_design_names() {
        let symbols = PaymentSymbols::new(DIGITS).unwrap();
        assert_eq!((symbols.qr.width(), symbols.qr.height()), (21, 21));
        assert_eq!((symbols.code128.width(), symbols.code128.height()), (167, 1));
        assert_eq!(symbols.qr.drawn_size(), (29, 29));
        assert_eq!(symbols.code128.drawn_size(), (187, 51));
        assert_eq!((symbols.qr.rows().len(), symbols.code128.rows().len()), (63, 21));
    }

    #[test]
    fn a_payment_code_is_drawn_as_the_general_entry_points_draw_it() {
        let text = std::str::from_utf8(DIGITS).unwrap();
        let symbols = PaymentSymbols::new(DIGITS).unwrap();
        assert_eq!(symbols.qr, Symbol::qr_at(text, QrLevel::Q).unwrap());
        assert_eq!(symbols.code128, Symbol::code128(text).unwrap());
    }

    #[test]
    fn what_is_not_a_digit_is_named_by_its_place() {
        let refused = |bytes: &[u8; 24]| PaymentSymbols::new(bytes).unwrap_err();
        let at = |position| SymbolError::NotADigit { position };
        assert_eq!(refused(b"01016860623545980230133x"), at(24));
        assert_eq!(refused(b" 10168606235459802301338"), at(1));
        assert_eq!(refused(b"0101\xff8606235459802301338"), at(5));
        // a full-width digit one: three bytes
        assert_eq!(refused(b"01\xef\xbc\x916860623545980230133"), at(3));
        assert_eq!(refused(b"0101\0\x0a60623545980230133\x7f"), at(5));
    }

    #[test]
    fn what_a_payment_code_says_is_not_in_its_debug_print() {
        let symbols = PaymentSymbols::new(DIGITS).unwrap();
        assert_eq!(format!("{:?}", symbols.qr), "QR code of 21 x 21 modules");
        assert_eq!(format!("{:?}", symbols.code128), "Code 128 of 167 x 1 modules");
    }

    #[test]
    fn modules_outside_are_light() {
        let qr = Symbol::qr("1").unwrap();
        assert!(qr.is_dark(0, 0) && qr.is_dark(20, 0) && qr.is_dark(0, 20));
        assert!(!qr.is_dark(21, 0) && !qr.is_dark(0, 21) && !qr.is_dark(u16::MAX, u16::MAX));
    }
}
