//! Digits as people type them: in any script, in groups.

use zeroize::Zeroizing;

/// The zeros of all scripts with decimal digits (Unicode 16, general category Nd); nine more digits follow each.
#[rustfmt::skip]
const ZEROS: [u32; 76] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136,
    0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0,
    0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8,
    0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];

/// Writes a decimal digit of any script as the ASCII digit of the same value, drops spaces and hyphens of every kind,
/// and leaves all else as it is: `１２３ 456` and `123-456` are `123456`. The long vowel mark that a Japanese keyboard
/// has for a hyphen is one, and what cannot be seen is dropped, too.
#[must_use]
pub fn fold_digits(text: &str) -> Zeroizing<String> {
    // No character becomes longer, so the buffer never grows and leaves no copy behind.
    let mut folded = Zeroizing::new(String::with_capacity(text.len()));
    for character in text.chars().filter(|it| !is_gap(*it)) {
        folded.push(ascii_digit(character).unwrap_or(character));
    }
    folded
}

/// Tells whether a character separates digits, or cannot be seen at all.
fn is_gap(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '-' | '\u{ad}' | '\u{200b}'..='\u{2015}' | '\u{2060}' | '\u{2212}')
        || matches!(character, '\u{30fc}' | '\u{fe58}' | '\u{fe63}' | '\u{feff}' | '\u{ff0d}')
        || character == '\u{ff70}'
}

fn ascii_digit(character: char) -> Option<char> {
    let code = u32::from(character);
    // The zeros ascend, so that the last one below is the only one whose digit this can be.
    let zero = ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?;
    char::from_digit(code - ZEROS[zero], 10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_of_any_script_become_ascii() {
        for typed in [
            "123456",
            "123 456",
            " 123456\n",
            "123-456",
            "１２３４５６",
            "１２３　４５６",
            "１２３ー４５６",
            "١٢٣٤٥٦",
            "۱۲۳۴۵۶",
            "१२३४५६",
            "123\u{a0}456",
            "123\u{202f}456",
            "123–456",
            "123‐456",
            "1-2-3-4-5-6",
            "\u{1d7cf}\u{1d7d0}\u{1d7d1}\u{1d7d2}\u{1d7d3}\u{1d7d4}",
        ] {
            assert_eq!(*fold_digits(typed), "123456", "{typed}");
        }
        for kept in ["", "12a", "½", "²", "①", "コヒ", "+1", "1.5", "１２a"] {
            let expected = kept.replace('１', "1").replace('２', "2");
            assert_eq!(*fold_digits(kept), expected);
        }
    }

    #[test]
    fn zeros_ascend_and_do_not_overlap() {
        // The characters before and after the digits of a script are none.
        for other in ['/', ':', '\u{65f}', '\u{66a}', '\u{ff0f}', '\u{ff1a}', '²', '①', '五'] {
            assert_eq!(ascii_digit(other), None, "{other}");
        }
        assert!(ZEROS.windows(2).all(|pair| pair[0] + 10 <= pair[1]));
        for zero in ZEROS {
            let digits: String = (0..10).filter_map(|i| char::from_u32(zero + i)).collect();
            assert_eq!(*fold_digits(&digits), "0123456789");
        }
    }

    proptest! {
        #[test]
        fn folded_digits_stay_as_they_are(text: String) {
            let folded = fold_digits(&text);
            prop_assert_eq!(&*fold_digits(&folded), &*folded);
            prop_assert!(folded.len() <= text.len());
        }
    }
}
