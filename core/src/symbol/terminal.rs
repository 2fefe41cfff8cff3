//! A symbol in the cells of a terminal, which are about twice as high as wide.
//!
//! A QR code takes a column per module and puts two rows into a line (upper and lower half blocks); a linear
//! symbol puts two modules into a column (left and right half blocks), so that a payment code fits 94 columns.

use std::num::NonZeroU8;

use super::matrix::Symbol;

/// Black on white of the 256-colour palette. Themes change the first 16 entries and the default colours, these two
/// they leave alone: the symbol stays dark on light in a dark theme too.
const DARK_ON_LIGHT: &str = "\x1b[38;5;16;48;5;231m";
const RESET: &str = "\x1b[0m";

impl Symbol {
    /// Columns that each line of [`Symbol::terminal_lines`] takes.
    #[must_use]
    pub fn terminal_columns(&self) -> u16 {
        let (width, _) = self.drawn_size();
        if self.is_linear() { width.div_ceil(2) } else { width }
    }

    /// The drawing in lines of equal width, quiet zone included. A block is dark, a space light: to be shown dark
    /// on light, see [`Symbol::terminal_ansi`]. A linear symbol is `bar_lines` lines high, others do not heed it.
    #[must_use]
    pub fn terminal_lines(&self, bar_lines: NonZeroU8) -> Vec<String> {
        if self.is_linear() {
            let columns = 0..self.terminal_columns();
            let half = |x| self.is_drawn_dark(x, 0);
            let line: String = columns.map(|x| beside(half(2 * x), half(2 * x + 1))).collect();
            return vec![line; usize::from(bar_lines.get())];
        }
        let (width, height) = self.drawn_size();
        let line = |y| {
            let half = |x, y| self.is_drawn_dark(x, y);
            (0..width).map(|x| stacked(half(x, 2 * y), half(x, 2 * y + 1))).collect()
        };
        (0..height.div_ceil(2)).map(line).collect()
    }

    /// The same lines, each with the colours forced to dark on light and reset at its end, and a line feed.
    #[must_use]
    pub fn terminal_ansi(&self, bar_lines: NonZeroU8) -> String {
        let lines = self.terminal_lines(bar_lines);
        lines.iter().flat_map(|line| [DARK_ON_LIGHT, line, RESET, "\n"]).collect()
    }

    fn is_linear(&self) -> bool {
        self.bar_height().is_some()
    }
}

fn stacked(upper: bool, lower: bool) -> char {
    match (upper, lower) {
        (false, false) => ' ',
        (true, false) => '▀',
        (false, true) => '▄',
        (true, true) => '█',
    }
}

fn beside(left: bool, right: bool) -> char {
    match (left, right) {
        (false, false) => ' ',
        (true, false) => '▌',
        (false, true) => '▐',
        (true, true) => '█',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbol::PaymentSymbols;

    fn payment() -> PaymentSymbols {
        PaymentSymbols::new(b"010168606235459802301338").unwrap()
    }

    fn lines(count: u8) -> NonZeroU8 {
        NonZeroU8::new(count).unwrap()
    }

    #[test]
    fn a_payment_code_takes_29_by_15_and_94_columns() {
        let PaymentSymbols { qr, code128 } = payment();
        assert_eq!((qr.terminal_columns(), qr.terminal_lines(lines(7)).len()), (29, 15));
        assert_eq!((code128.terminal_columns(), code128.terminal_lines(lines(7)).len()), (94, 7));
        for line in [qr.terminal_lines(lines(1)), code128.terminal_lines(lines(255))].concat() {
            assert!([29, 94].contains(&line.chars().count()));
        }
    }

    #[test]
    fn the_corner_of_a_qr_code_is_a_finder_pattern() {
        let lines = payment().qr.terminal_lines(lines(1));
        assert_eq!(lines[1].trim(), "");
        assert!(lines[2].starts_with("    █▀▀▀▀▀█ "), "{}", lines[2]);
        assert!(lines[5].starts_with("    ▀▀▀▀▀▀▀ "), "{}", lines[5]);
        assert_eq!(lines[14].trim(), "");
    }

    #[test]
    fn a_code_128_starts_after_ten_light_modules() {
        // the start of set C is 11010011100, and what follows starts dark
        let lines = payment().code128.terminal_lines(lines(1));
        assert!(lines[0].starts_with("     █▐ █▌"), "{}", lines[0]);
    }

    #[test]
    fn every_line_forces_its_colours_and_resets_them() {
        let PaymentSymbols { qr, code128 } = payment();
        for text in [qr.terminal_ansi(lines(3)), code128.terminal_ansi(lines(3))] {
            for line in text.lines() {
                assert!(
                    line.starts_with("\x1b[38;5;16;48;5;231m ") && line.ends_with("\x1b[0m"),
                    "{line:?}"
                );
            }
        }
    }
}
