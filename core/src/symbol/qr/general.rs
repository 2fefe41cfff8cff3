//! Any text in any version, by the crate `qrcode`.

use qrcode::{
    Color, EcLevel, QrCode, Version,
    bits::{Bits, encode_auto},
    types::QrResult,
};

use crate::symbol::{
    bits::Packer,
    error::SymbolError,
    matrix::{Format, Symbol},
    qr_level::QrLevel,
};

/// The number that marks bytes as UTF-8 (AIM ECI, assignment 26).
const UTF_8: u32 = 26;

pub(super) fn smallest(text: &str) -> Result<Symbol, SymbolError> {
    let bits = smallest_bits(text, EcLevel::L);
    let version = bits.map_err(|_| SymbolError::TooLongForQr { level: QrLevel::L })?.version();
    let mut levels = QrLevel::STRONGEST_FIRST.into_iter();
    let code = levels.find_map(|level| {
        let bits = bits_of(text, version, level.into()).ok()?;
        QrCode::with_bits(bits, level.into()).ok()
    });
    code.map(|code| pack(&code)).ok_or(SymbolError::TooLongForQr { level: QrLevel::L })
}

pub(super) fn at(text: &str, level: QrLevel) -> Result<Symbol, SymbolError> {
    smallest_bits(text, level.into())
        .and_then(|bits| QrCode::with_bits(bits, level.into()))
        .map(|code| pack(&code))
        .map_err(|_| SymbolError::TooLongForQr { level })
}

/// The text in the smallest version that holds it at this level.
fn smallest_bits(text: &str, level: EcLevel) -> QrResult<Bits> {
    if text.is_ascii() {
        return encode_auto(text.as_bytes(), level);
    }
    let versions = (1..40).map(Version::Normal);
    versions
        .map(|version| bits_of(text, version, level))
        .find(Result::is_ok)
        .unwrap_or_else(|| bits_of(text, Version::Normal(40), level))
}

fn bits_of(text: &str, version: Version, level: EcLevel) -> QrResult<Bits> {
    let mut bits = Bits::new(version);
    if text.is_ascii() {
        bits.push_optimal_data(text.as_bytes())?;
    } else {
        // The crate would take byte pairs of UTF-8 that look like Shift JIS for kanji, and scanners would show
        // others than were meant.
        bits.push_eci_designator(UTF_8)?;
        bits.push_byte_data(text.as_bytes())?;
    }
    bits.push_terminator(level)?;
    Ok(bits)
}

fn pack(code: &QrCode) -> Symbol {
    let width = code.width();
    let mut rows = vec![0; width.div_ceil(8) * width];
    let mut rest = rows.iter_mut();
    for row in code.to_colors().chunks_exact(width) {
        let mut modules = Packer::new(rest.into_slice());
        for &color in row {
            modules.push(u16::from(color == Color::Dark), 1);
        }
        rest = modules.finish();
    }
    Symbol { format: Format::Qr, width: u16::try_from(width).unwrap_or(u16::MAX), rows }
}

impl From<QrLevel> for EcLevel {
    fn from(level: QrLevel) -> Self {
        match level {
            QrLevel::L => Self::L,
            QrLevel::M => Self::M,
            QrLevel::Q => Self::Q,
            QrLevel::H => Self::H,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_symbol_is_packed_as_the_crate_draws_it() {
        let code =
            QrCode::with_error_correction_level(b"https://example.com/", EcLevel::M).unwrap();
        let symbol = at("https://example.com/", QrLevel::M).unwrap();
        assert_eq!(usize::from(symbol.width()), code.width());
        for (place, color) in code.to_colors().into_iter().enumerate() {
            let x = u16::try_from(place % code.width()).unwrap();
            let y = u16::try_from(place / code.width()).unwrap();
            assert_eq!(symbol.is_dark(x, y), color == Color::Dark, "{x}, {y}");
        }
    }

    #[test]
    fn the_smallest_version_gets_the_highest_level_that_keeps_it() {
        // 14 bytes are all that version 1 holds at M; 15 still fit at L
        let text = "abcdefghijklmn";
        assert_eq!(smallest(text), at(text, QrLevel::M));
        assert_eq!(smallest(text).unwrap().width(), 21);
        assert_eq!(at(text, QrLevel::Q).unwrap().width(), 25);
        assert_eq!(smallest("abcdefghijklmno"), at("abcdefghijklmno", QrLevel::L));
    }

    #[test]
    fn the_largest_texts_fit_and_one_more_does_not() {
        for level in QrLevel::STRONGEST_FIRST {
            let full = Err(SymbolError::TooLongForQr { level });
            for (letter, most) in [("7", level.most_digits()), ("a", level.most_bytes())] {
                assert_eq!(at(&letter.repeat(most), level).unwrap().width(), 177);
                assert_eq!(at(&letter.repeat(most + 1), level), full);
            }
            // the mark for UTF-8 takes twelve bits
            let most = (level.most_bytes() - 1) / 2;
            assert_eq!(at(&"é".repeat(most), level).unwrap().width(), 177);
            assert_eq!(at(&"é".repeat(most + 1), level), full);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_text_is_drawn_or_refused(text in "\\PC{1,300}|[\\x00-\\x7f]{1,300}|[あ-ん]{1,100}") {
            for level in QrLevel::STRONGEST_FIRST {
                prop_assert!(at(&text, level).is_ok());
            }
            prop_assert!(smallest(&text).unwrap().width() <= at(&text, QrLevel::L).unwrap().width());
        }
    }
}
