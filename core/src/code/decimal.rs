//! A short run of ASCII digits kept in place: what prefix and alias have in common.

use std::fmt;

/// Digits in a payment code, always.
pub const CODE_DIGITS: usize = 24;

/// Up to `MAX` ASCII digits. Leading zeros count: `0101` and `101` are two values.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Decimal<const MAX: usize> {
    digits: [u8; MAX],
    len: u8,
}

impl<const MAX: usize> Decimal<MAX> {
    /// Takes `min` to `MAX` ASCII digits; anything else is `None`.
    pub(super) fn parse(text: &[u8], min: usize) -> Option<Self> {
        if !(min..=MAX).contains(&text.len()) || !text.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut digits = [b'0'; MAX];
        digits[..text.len()].copy_from_slice(text);
        Some(Self { digits, len: u8::try_from(text.len()).ok()? })
    }

    /// The last `width` decimal digits of `value`, zero-padded.
    pub(super) fn from_value(value: u64, width: usize) -> Self {
        let width = width.min(MAX);
        let mut digits = [b'0'; MAX];
        write_decimal(&mut digits[..width], value);
        #[expect(clippy::cast_possible_truncation, reason = "MAX is 11 at most")]
        Self { digits, len: width as u8 }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.digits[..usize::from(self.len)]
    }

    pub(super) fn value(&self) -> u64 {
        self.as_bytes().iter().fold(0, |v, d| v * 10 + u64::from(d - b'0'))
    }
}

/// Fills `out` with the last decimal digits of `value`, zero-padded.
pub(super) fn write_decimal(out: &mut [u8], mut value: u64) {
    for digit in out.iter_mut().rev() {
        let d = (value % 10) as u8;
        *digit = b'0' + d;
        value /= 10;
    }
}

impl<const MAX: usize> fmt::Display for Decimal<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|d| fmt::Write::write_char(f, char::from(*d)))
    }
}
