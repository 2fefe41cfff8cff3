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
mod limits;
mod matrix;
mod png;
mod qr;
mod qr_level;
mod svg;
mod terminal;

pub use error::SymbolError;
pub use matrix::{Format, QuietZone, Symbol};
pub use png::{ModuleSize, ModuleSizeOutOfRange};
pub use qr_level::QrLevel;

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
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &[u8; 24] = b"010168606235459802301338";

    #[test]
    fn payment_code_symbols_have_the_documented_sizes() {
        let symbols = PaymentSymbols::new(DIGITS).unwrap();
        assert_eq!((symbols.qr.width(), symbols.qr.height()), (21, 21));
        assert_eq!((symbols.code128.width(), symbols.code128.height()), (167, 1));
        assert_eq!(symbols.qr.drawn_size(), (29, 29));
        assert_eq!(symbols.code128.drawn_size(), (187, 51));
        assert_eq!((symbols.qr.rows().len(), symbols.code128.rows().len()), (63, 21));
    }

    #[test]
    fn payment_code_symbols_equal_the_general_ones() {
        let text = std::str::from_utf8(DIGITS).unwrap();
        let symbols = PaymentSymbols::new(DIGITS).unwrap();
        assert_eq!(symbols.qr, Symbol::qr_at(text, QrLevel::Q).unwrap());
        assert_eq!(symbols.code128, Symbol::code128(text).unwrap());
    }

    #[test]
    fn the_first_byte_that_is_no_digit_is_named() {
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
    fn debug_output_of_symbols_has_no_digits() {
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
