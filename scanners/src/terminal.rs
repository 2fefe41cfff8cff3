//! What a terminal shows, by the terminal emulator vt100.

use vt100::{Cell, Color, Parser};

use crate::{Picture, png::luma};

/// A terminal to show something in.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Cells from left to right.
    pub columns: u16,
    /// Cells from top to bottom.
    pub lines: u16,
    /// Pixels that a cell is wide; it is twice as high.
    pub cell: usize,
    /// The colours of whoever has not chosen any.
    pub theme: Theme,
}

/// Default colours, and what the first sixteen of the palette look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Light letters on dark ground.
    Dark,
    /// Dark letters on light ground, and a palette turned round to go with it.
    Light,
}

impl Terminal {
    /// What is on the screen after these bytes. Half and full blocks are drawn, other letters are left out.
    ///
    /// A line feed starts a new line at its beginning, as a terminal's driver makes it.
    #[must_use]
    pub fn show(&self, bytes: &str) -> Picture {
        let mut parser = Parser::new(self.lines, self.columns, 0);
        parser.process(bytes.replace('\n', "\r\n").as_bytes());
        let screen = parser.screen();
        let (width, height) = (self.cell, 2 * self.cell);
        let columns = usize::from(self.columns);
        let cells: Vec<_> = (0..self.lines)
            .flat_map(|line| (0..self.columns).map(move |column| (line, column)))
            .map(|(line, column)| screen.cell(line, column))
            .map(|cell| {
                cell.map_or_else(|| Inks::blank(self.theme), |cell| Inks::of(cell, self.theme))
            })
            .collect();
        Picture::draw(columns * width, usize::from(self.lines) * height, |x, y| {
            let inks = &cells[y / height * columns + x / width];
            let upper = y % height < height / 2;
            let left = x % width < width / 2;
            inks.quarters[usize::from(!upper)][usize::from(!left)]
        })
    }
}

/// How light each quarter of a cell is: upper and lower, left and right.
struct Inks {
    quarters: [[u8; 2]; 2],
}

impl Inks {
    fn blank(theme: Theme) -> Self {
        Self { quarters: [[theme.ground(); 2]; 2] }
    }

    fn of(cell: &Cell, theme: Theme) -> Self {
        let ink = theme.look(cell.fgcolor(), theme.letters());
        let ground = theme.look(cell.bgcolor(), theme.ground());
        let (ink, ground) = if cell.inverse() { (ground, ink) } else { (ink, ground) };
        let quarters = match cell.contents() {
            "█" => [[ink; 2]; 2],
            "▀" => [[ink; 2], [ground; 2]],
            "▄" => [[ground; 2], [ink; 2]],
            "▌" => [[ink, ground]; 2],
            "▐" => [[ground, ink]; 2],
            _ => [[ground; 2]; 2],
        };
        Self { quarters }
    }
}

impl Theme {
    fn letters(self) -> u8 {
        if self == Self::Dark { 0xd0 } else { 0x20 }
    }

    fn ground(self) -> u8 {
        if self == Self::Dark { 0x18 } else { 0xf0 }
    }

    fn look(self, color: Color, default: u8) -> u8 {
        match color {
            Color::Default => default,
            Color::Rgb(red, green, blue) => luma(red, green, blue),
            Color::Idx(index @ 0..=15) => {
                // themes set these as they like; here they run from dark to light, or back
                if self == Self::Dark { index * 17 } else { 255 - index * 17 }
            }
            Color::Idx(index @ 16..=231) => {
                // a cube of six levels for each of red, green and blue
                let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
                let cube = index - 16;
                luma(level(cube / 36), level(cube / 6 % 6), level(cube % 6))
            }
            Color::Idx(index) => 8 + 10 * (index - 232),
        }
    }
}
