//! QR codes (ISO/IEC 18004): short digits by our own encoder of version 1, all else by the crate `qrcode`.
//!
//! Why two: docs/adr/0002-qr-of-a-payment-code.md.

mod codewords;
mod general;
mod layout;
mod penalty;
mod version1;

use super::{error::SymbolError, matrix::Symbol, qr_level::QrLevel};

pub(super) fn smallest(text: &str) -> Result<Symbol, SymbolError> {
    check(text, QrLevel::L)?;
    let mut levels = QrLevel::STRONGEST_FIRST.into_iter();
    levels
        .find_map(|level| version1::encode(text.as_bytes(), level))
        .map_or_else(|| general::smallest(text), Ok)
}

pub(super) fn at(text: &str, level: QrLevel) -> Result<Symbol, SymbolError> {
    check(text, level)?;
    version1::encode(text.as_bytes(), level).map_or_else(|| general::at(text, level), Ok)
}

/// Refuses what no version holds before anything is allocated for it.
fn check(text: &str, level: QrLevel) -> Result<(), SymbolError> {
    match text.len() {
        0 => Err(SymbolError::Empty),
        len if len > level.most_digits() => Err(SymbolError::TooLongForQr { level }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_invalid_text_has_one_error_and_odd_ones_are_drawn() {
        for level in QrLevel::STRONGEST_FIRST {
            assert_eq!(at("", level), Err(SymbolError::Empty));
            assert_eq!(
                at(&"7".repeat(10_000_000), level),
                Err(SymbolError::TooLongForQr { level })
            );
            assert!(at("\0\x1b[2J\r\n\x7f", level).is_ok());
            assert!(at("０１２３４５６７８９", level).is_ok());
        }
        assert_eq!(smallest(""), Err(SymbolError::Empty));
        let too_long = SymbolError::TooLongForQr { level: QrLevel::L };
        assert_eq!(smallest(&"７".repeat(10_000_000)), Err(too_long));
        assert_eq!(
            too_long.to_string(),
            "the text is too long for a QR code at level L, which holds up to 7089 digits or 2953 bytes"
        );
    }

    /// Of version 1, from the first level down: 17 digits at H, 27 at Q, 34 at M, 41 at L.
    #[test]
    fn digits_get_the_highest_level_that_keeps_version_1() {
        use QrLevel::{H, L, M, Q};
        for (len, level) in
            [(1, H), (17, H), (18, Q), (24, Q), (27, Q), (28, M), (34, M), (35, L), (41, L)]
        {
            let digits = "9".repeat(len);
            assert_eq!(smallest(&digits), at(&digits, level), "{len}");
            assert_eq!(smallest(&digits).map(|symbol| symbol.width()), Ok(21), "{len}");
        }
        assert_eq!(smallest(&"9".repeat(42)).map(|symbol| symbol.width()), Ok(25));
    }
}
