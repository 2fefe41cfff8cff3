//! The matrix of modules that a symbol is, and how it is to be drawn.

use std::{fmt, num::NonZeroU16};

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
    pub(super) format: Format,
    pub(super) width: u16,
    pub(super) rows: Vec<u8>,
}

impl Symbol {
    /// The kind of this symbol.
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

    /// The quiet zone: light modules around the symbol.
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

    /// The height of a linear symbol's bars in modules: 30 % of its width and at least 20.
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
    pub(super) fn is_drawn_dark(&self, x: u16, y: u16) -> bool {
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
