//! Digits → the 26 codewords of a version 1 symbol: data in numeric mode, then error correction.

use crate::symbol::{bits::Packer, qr_level::QrLevel};

/// All codewords of version 1, whatever the level.
pub(super) const ALL: usize = 26;

/// Digits that version 1 holds (ISO/IEC 18004, table 7).
const MOST_DIGITS: [usize; 4] = [41, 34, 27, 17];
/// Codewords for error correction, in a single block (ISO/IEC 18004, table 9).
const CORRECTION: [usize; 4] = [7, 10, 13, 17];

/// `None` if these are not digits, or too many or too few for version 1 at this level.
pub(super) fn encode(digits: &[u8], level: QrLevel) -> Option<[u8; ALL]> {
    if !(1..=MOST_DIGITS[level as usize]).contains(&digits.len())
        || !digits.iter().all(u8::is_ascii_digit)
    {
        return None;
    }
    let mut codewords = [0; ALL];
    let (data, correction) = codewords.split_at_mut(ALL - CORRECTION[level as usize]);
    write_data(digits, data);
    write_correction(data, correction, &GENERATORS[level as usize]);
    Some(codewords)
}

/// ISO/IEC 18004, 7.4.3 (numeric mode) and 7.4.9 and 7.4.10 (terminator and padding).
fn write_data(digits: &[u8], data: &mut [u8]) {
    let mut bits = Packer::new(data);
    bits.push(0b0001, 4);
    // at most 41 digits
    bits.push(u16::from(digits.len().to_le_bytes()[0]), 10);
    for group in digits.chunks(3) {
        let number = group.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'));
        bits.push(number, [4, 7, 10][group.len() - 1]);
    }
    // the terminator, cut where the room ends
    bits.push(0, 4);
    let padding = [0b1110_1100, 0b0001_0001].into_iter().cycle();
    bits.finish().zip(padding).for_each(|(byte, padding)| *byte = padding);
}

/// The remainder of the data divided by the generator, over GF(256) (ISO/IEC 18004, 7.5.2).
fn write_correction(data: &[u8], remainder: &mut [u8], generator: &[u8; 17]) {
    let last = remainder.len() - 1;
    for byte in data {
        let factor = byte ^ remainder[0];
        remainder.copy_within(1.., 0);
        remainder[last] = 0;
        for (byte, &coefficient) in remainder.iter_mut().zip(generator) {
            *byte ^= multiply(factor, coefficient);
        }
    }
}

/// For each level the product of `x - 2^i` for as many `i` as there are codewords for error correction; from the
/// second highest power down, the highest having the coefficient 1.
static GENERATORS: [[u8; 17]; 4] = {
    let mut generators = [[0; 17]; 4];
    let mut level = 0;
    while level < 4 {
        let degree = CORRECTION[level];
        let generator = &mut generators[level];
        // starts as the polynomial 1, kept at the end of the `degree` places
        generator[degree - 1] = 1;
        let mut root = 1;
        let mut step = 0;
        while step < degree {
            let mut place = 0;
            while place < degree {
                generator[place] = multiply(generator[place], root);
                if place + 1 < degree {
                    generator[place] ^= generator[place + 1];
                }
                place += 1;
            }
            root = multiply(root, 2);
            step += 1;
        }
        level += 1;
    }
    generators
};

/// In GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1. The same steps whatever the factors, which the compiler keeps in
/// registers: no table to wait for.
const fn multiply(a: u8, b: u8) -> u8 {
    let mut product = 0;
    let mut bit = 8;
    while bit > 0 {
        bit -= 1;
        product = (product << 1) ^ ((product >> 7) * 0x1d);
        product ^= ((b >> bit) & 1) * a;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ISO/IEC 18004, annex I.2: "01234567" as 1-M.
    #[test]
    fn the_worked_example_of_the_standard_is_met() {
        assert_eq!(
            encode(b"01234567", QrLevel::M),
            Some([
                0x10, 0x20, 0x0c, 0x56, 0x61, 0x80, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11, 0xec, 0x11,
                0xec, 0x11, 0xa5, 0x24, 0xd4, 0xc1, 0xed, 0x36, 0xc7, 0x87, 0x2c, 0x55,
            ])
        );
    }

    #[test]
    fn other_texts_are_left_to_the_general_encoder() {
        assert_eq!(encode(b"", QrLevel::L), None);
        assert_eq!(encode(b"12a", QrLevel::L), None);
        assert_eq!(encode("１".as_bytes(), QrLevel::L), None);
        for (level, most) in
            [QrLevel::L, QrLevel::M, QrLevel::Q, QrLevel::H].into_iter().zip(MOST_DIGITS)
        {
            assert!(encode(&vec![b'9'; most], level).is_some());
            assert_eq!(encode(&vec![b'9'; most + 1], level), None);
        }
    }
}
