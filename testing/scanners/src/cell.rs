//! How a cell of a terminal looks: its colours, and the shape of what is drawn rather than written.

use std::fmt;

use vt100::{Cell, Color, Screen};

use crate::png::luma;

/// The colours of whoever has not chosen any, and what the first sixteen of the palette look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Light letters on dark ground.
    Dark,
    /// Dark letters on light ground, and a palette turned round to go with it.
    Light,
}

/// Red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rgb(pub(crate) u8, pub(crate) u8, pub(crate) u8);

impl Rgb {
    pub(crate) fn luma(self) -> u8 {
        luma(self.0, self.1, self.2)
    }

    /// Three fifths of this, two of the other.
    fn faded_into(self, other: Self) -> Self {
        let mix = |a: u8, b: u8| a / 5 * 3 + b / 5 * 2;
        Self(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }
}

/// As SVG writes it.
impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// One cell, with the theme's colours where it has none of its own.
pub(crate) struct StyledCell<'a> {
    pub(crate) glyph: &'a str,
    pub(crate) ink: Rgb,
    pub(crate) ground: Rgb,
    pub(crate) bold: bool,
}

impl<'a> StyledCell<'a> {
    /// Every cell of the screen with its line and column, line by line.
    pub(crate) fn of_all(
        screen: &'a Screen,
        theme: Theme,
    ) -> impl Iterator<Item = (u16, u16, Self)> {
        let (lines, columns) = screen.size();
        (0..lines).flat_map(move |line| {
            (0..columns).filter_map(move |column| {
                let cell = screen.cell(line, column)?;
                Some((line, column, Self::of(cell, theme)))
            })
        })
    }

    fn of(cell: &'a Cell, theme: Theme) -> Self {
        let ink = theme.colour(cell.fgcolor(), theme.letters());
        let ground = theme.colour(cell.bgcolor(), theme.ground());
        let (ink, ground) = if cell.inverse() { (ground, ink) } else { (ink, ground) };
        let ink = if cell.dim() { ink.faded_into(ground) } else { ink };
        Self { glyph: cell.contents(), ink, ground, bold: cell.bold() }
    }
}

/// A rectangle of ink within a cell that is 8 wide and 16 high.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) left: u8,
    pub(crate) top: u8,
    pub(crate) right: u8,
    pub(crate) bottom: u8,
}

/// The shape of a glyph that has to meet its neighbours without a gap; a letter has none.
pub(crate) fn block(glyph: &str) -> Option<Block> {
    let [left, top, right, bottom] = match glyph {
        "█" => [0, 0, 8, 16],
        "▀" => [0, 0, 8, 8],
        "▄" => [0, 8, 8, 16],
        "▌" => [0, 0, 4, 16],
        "▐" => [4, 0, 8, 16],
        "▏" => [0, 0, 1, 16],
        "━" => [0, 7, 8, 9],
        "─" => [0, 7, 8, 8],
        _ => return None,
    };
    Some(Block { left, top, right, bottom })
}

impl Theme {
    pub(crate) fn letters(self) -> Rgb {
        if self == Self::Dark { Rgb(0xd6, 0xd9, 0xde) } else { Rgb(0x20, 0x24, 0x2a) }
    }

    pub(crate) fn ground(self) -> Rgb {
        if self == Self::Dark { Rgb(0x16, 0x18, 0x1d) } else { Rgb(0xf2, 0xf1, 0xec) }
    }

    fn colour(self, color: Color, default: Rgb) -> Rgb {
        match color {
            Color::Default => default,
            Color::Rgb(red, green, blue) => Rgb(red, green, blue),
            Color::Idx(index @ 0..=15) => self.named(index),
            Color::Idx(index @ 16..=231) => {
                // a cube of six levels for each of red, green and blue
                let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
                let cube = index - 16;
                Rgb(level(cube / 36), level(cube / 6 % 6), level(cube % 6))
            }
            Color::Idx(index) => {
                let grey = 8 + 10 * (index - 232);
                Rgb(grey, grey, grey)
            }
        }
    }

    /// Themes set these as they like. Here the hues keep their place, and what is called black and white is whatever
    /// lies nearest to the ground and farthest from it.
    fn named(self, index: u8) -> Rgb {
        let dark = self == Self::Dark;
        let greys = [0, 8, 7, 15];
        if let Some(step) = greys.iter().position(|&grey| grey == index) {
            let grey = [0x00, 0x6b, 0xc8, 0xff][step];
            let grey = if dark { grey } else { 0xff - grey };
            return Rgb(grey, grey, grey);
        }
        match (index % 8, dark) {
            (1, true) => Rgb(0xf0, 0x71, 0x6b),
            (1, false) => Rgb(0xb3, 0x26, 0x1e),
            (2, true) => Rgb(0x72, 0xc9, 0x82),
            (2, false) => Rgb(0x1a, 0x72, 0x35),
            (3, true) => Rgb(0xe3, 0xb3, 0x4f),
            (3, false) => Rgb(0x8a, 0x5f, 0x00),
            (4, true) => Rgb(0x74, 0xab, 0xf0),
            (4, false) => Rgb(0x1f, 0x5f, 0xb8),
            (5, true) => Rgb(0xc9, 0x92, 0xe6),
            (5, false) => Rgb(0x83, 0x3d, 0xa8),
            (_, true) => Rgb(0x62, 0xc4, 0xcc),
            (_, false) => Rgb(0x0d, 0x70, 0x78),
        }
    }
}
