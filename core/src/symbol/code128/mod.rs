//! Code 128 (ISO/IEC 15417): ASCII text → one row of modules.

mod sets;

use super::{
    bits::Packer,
    error::SymbolError,
    limits::CODE128_MAX,
    matrix::{Format, Symbol},
};

const STOP: u8 = 106;

pub(super) fn encode(text: &str) -> Result<Symbol, SymbolError> {
    if text.is_empty() {
        return Err(SymbolError::Empty);
    }
    if text.len() > CODE128_MAX && text.chars().nth(CODE128_MAX).is_some() {
        return Err(SymbolError::TooLongForCode128);
    }
    if let Some(at) = text.chars().position(|character| !character.is_ascii()) {
        return Err(SymbolError::NotAscii { position: at + 1 });
    }
    Ok(draw(&sets::shortest(text.as_bytes())))
}

/// Start and data as symbol characters → these, the check character and the stop as modules.
fn draw(values: &sets::Values) -> Symbol {
    let values = values.as_slice();
    // eleven modules for each character, the check and the stop, and the bar of two that ends it all
    let width = 11 * (values.len() + 2) + 2;
    let mut rows = vec![0; width.div_ceil(8)];
    let mut modules = Packer::new(&mut rows);
    let mut sum = 0;
    for (place, &value) in values.iter().enumerate() {
        // the start and the first character both weigh 1
        sum += place.max(1) * usize::from(value);
        modules.push(PATTERNS[usize::from(value)], 11);
    }
    modules.push(PATTERNS[sum % 103], 11);
    modules.push(PATTERNS[usize::from(STOP)], 11);
    modules.push(0b11, 2);
    let _ = modules.finish();
    Symbol { format: Format::Code128, width: u16::try_from(width).unwrap_or(u16::MAX), rows }
}

/// The eleven modules of each symbol character, the leftmost in bit 10.
static PATTERNS: [u16; 107] = {
    let mut patterns = [0; 107];
    let mut value = 0;
    while value < 107 {
        let mut place = 0;
        while place < 6 {
            let width = WIDTHS[value][place] - b'0';
            let dark = if place % 2 == 0 { (1 << width) - 1 } else { 0 };
            patterns[value] = patterns[value] << width | dark;
            place += 1;
        }
        value += 1;
    }
    patterns
};

/// ISO/IEC 15417, table 1: widths of bar, space, bar, space, bar, space; the stop without its last bar of two.
#[rustfmt::skip]
const WIDTHS: [&[u8; 6]; 107] = [
    b"212222", b"222122", b"222221", b"121223", b"121322", b"131222", b"122213", b"122312", b"132212", b"221213",
    b"221312", b"231212", b"112232", b"122132", b"122231", b"113222", b"123122", b"123221", b"223211", b"221132",
    b"221231", b"213212", b"223112", b"312131", b"311222", b"321122", b"321221", b"312212", b"322112", b"322211",
    b"212123", b"212321", b"232121", b"111323", b"131123", b"131321", b"112313", b"132113", b"132311", b"211313",
    b"231113", b"231311", b"112133", b"112331", b"132131", b"113123", b"113321", b"133121", b"313121", b"211331",
    b"231131", b"213113", b"213311", b"213131", b"311123", b"311321", b"331121", b"312113", b"312311", b"332111",
    b"314111", b"221411", b"431111", b"111224", b"111422", b"121124", b"121421", b"141122", b"141221", b"112214",
    b"112412", b"122114", b"122411", b"142112", b"142211", b"241211", b"221114", b"413111", b"241112", b"134111",
    b"111242", b"121142", b"121241", b"114212", b"124112", b"124211", b"411212", b"421112", b"421211", b"212141",
    b"214121", b"412121", b"111143", b"111341", b"131141", b"114113", b"114311", b"411113", b"411311", b"113141",
    b"114131", b"311141", b"411131", b"211412", b"211214", b"211232", b"233111",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_128_of_a_payment_code_is_frozen() {
        let symbol = encode("010168606235459802301338").unwrap();
        let bytes = [
            0xd3, 0x99, 0xb3, 0x36, 0x42, 0x6e, 0xf5, 0xe2, 0xa2, 0x35, 0xd8, 0xf4, 0x59, 0x9b,
            0x6c, 0x4d, 0xc8, 0xc5, 0xd7, 0xb1, 0xd6,
        ];
        assert_eq!(symbol.rows(), bytes);
    }

    #[test]
    fn patterns_differ_and_have_three_bars_of_even_sum() {
        for (value, widths) in WIDTHS.iter().enumerate() {
            let bars: u8 = widths.iter().step_by(2).map(|width| width - b'0').sum();
            let all: u8 = widths.iter().map(|width| width - b'0').sum();
            assert_eq!((all, bars % 2), (11, 0), "{value}");
            assert!(!PATTERNS[..value].contains(&PATTERNS[value]), "{value}");
        }
    }

    #[test]
    fn each_invalid_text_has_one_error() {
        assert_eq!(encode(""), Err(SymbolError::Empty));
        assert_eq!(encode(&"7".repeat(81)), Err(SymbolError::TooLongForCode128));
        assert_eq!(encode(&"7".repeat(10_000_000)), Err(SymbolError::TooLongForCode128));
        assert_eq!(encode("12é"), Err(SymbolError::NotAscii { position: 3 }));
        assert_eq!(encode(&"７".repeat(80)), Err(SymbolError::NotAscii { position: 1 }));
        assert_eq!(encode(&"７".repeat(81)), Err(SymbolError::TooLongForCode128));
        assert!(encode("\0\x1f\x7f").is_ok());
        assert_eq!(encode(&"7".repeat(80)).unwrap().width(), 11 * 43 + 2);
    }
}
