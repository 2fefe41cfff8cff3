//! What a terminal shows, by the terminal emulator vt100, in pixels.

use vt100::{Parser, Screen};

use crate::{
    Picture, Theme,
    cell::{StyledCell, block},
};

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

impl Terminal {
    /// What is on the screen after these bytes, as [`Picture::from_screen`].
    ///
    /// A line feed starts a new line at its beginning, as a terminal's driver makes it.
    #[must_use]
    pub fn show(&self, bytes: &str) -> Picture {
        let mut parser = Parser::new(self.lines, self.columns, 0);
        parser.process(bytes.replace('\n', "\r\n").as_bytes());
        Picture::from_screen(parser.screen(), self.cell, self.theme)
    }
}

impl Picture {
    /// What a screen shows, each cell so many pixels wide and twice as high. Blocks are drawn, letters are left out.
    #[must_use]
    pub fn from_screen(screen: &Screen, cell: usize, theme: Theme) -> Self {
        let (lines, columns) = screen.size();
        let width = cell;
        let height = 2 * cell;
        let cells: Vec<_> = StyledCell::of_all(screen, theme).map(|(_, _, look)| look).collect();
        Self::draw(usize::from(columns) * width, usize::from(lines) * height, |x, y| {
            let look = &cells[y / height * usize::from(columns) + x / width];
            let inked = block(look.glyph).is_some_and(|block| {
                let within = |at, size, grid, from: u8, to: u8| {
                    let at = at % size * grid / size;
                    (usize::from(from)..usize::from(to)).contains(&at)
                };
                within(x, width, 8, block.left, block.right)
                    && within(y, height, 16, block.top, block.bottom)
            });
            if inked { look.ink.luma() } else { look.ground.luma() }
        })
    }
}
