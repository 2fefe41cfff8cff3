//! What a terminal shows, as an SVG document: a picture for a page of text that a scanner can still read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use vt100::Screen;

use crate::{
    Theme,
    cell::{Block, Rgb, StyledCell, block},
};

/// Units of the document that a cell takes: the grid of [`Block`], so that nothing has to be rounded.
const CELL: (u32, u32) = (8, 16);
/// Ground around the cells.
const MARGIN: u32 = 16;
/// Where letters stand in their cell, from its top.
const BASELINE: u32 = 12;

/// Draws a screen: ground and blocks as exact rectangles, each letter in its cell whatever the reader's font.
#[must_use]
pub fn svg_of_screen(screen: &Screen, theme: Theme) -> String {
    let (lines, columns) = screen.size();
    let width = u32::from(columns) * CELL.0 + 2 * MARGIN;
    let height = u32::from(lines) * CELL.1 + 2 * MARGIN;
    let mut grounds = Areas::default();
    let mut blocks = Areas::default();
    let mut letters = Letters::default();
    for (line, column, look) in StyledCell::of_all(screen, theme) {
        let x = u32::from(column) * CELL.0;
        let y = u32::from(line) * CELL.1;
        if look.ground != theme.ground() {
            grounds.add(look.ground, x, y, Block { left: 0, top: 0, right: 8, bottom: 16 });
        }
        match block(look.glyph) {
            Some(block) => blocks.add(look.ink, x, y, block),
            None if look.glyph.trim().is_empty() => {}
            None => letters.add(line, column, &look),
        }
    }
    let ground = theme.ground();
    let families = "ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace";
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{ground}\"/>\n\
         <g transform=\"translate({MARGIN} {MARGIN})\">\n\
         <g shape-rendering=\"crispEdges\">\n{}{}</g>\n\
         <g font-family=\"{families}\" font-size=\"13\">\n{}</g>\n\
         </g>\n</svg>\n",
        grounds.paths(),
        blocks.paths(),
        letters.texts(),
    )
}

#[derive(Clone, Copy, PartialEq)]
struct Area {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

/// Rectangles by colour. Neighbours are made one: no reader can then draw a seam through a bar.
#[derive(Default)]
struct Areas(BTreeMap<Rgb, Vec<Area>>);

impl Areas {
    fn add(&mut self, colour: Rgb, x: u32, y: u32, block: Block) {
        let Block { left, top, right, bottom } = block;
        let area = Area {
            left: x + u32::from(left),
            top: y + u32::from(top),
            right: x + u32::from(right),
            bottom: y + u32::from(bottom),
        };
        let areas = self.0.entry(colour).or_default();
        match areas.last_mut() {
            Some(last)
                if (last.top, last.bottom, last.right) == (area.top, area.bottom, area.left) =>
            {
                last.right = area.right;
            }
            _ => areas.push(area),
        }
    }

    fn paths(self) -> String {
        let mut text = String::new();
        for (colour, areas) in self.0 {
            let _ = write!(text, "<path fill=\"{colour}\" d=\"");
            for Area { left, top, right, bottom } in stacked(areas) {
                let width = right - left;
                let height = bottom - top;
                let _ = write!(text, "M{left} {top}h{width}v{height}h-{width}z");
            }
            text.push_str("\"/>\n");
        }
        text
    }
}

/// Joins what lies exactly below one another.
fn stacked(areas: Vec<Area>) -> Vec<Area> {
    let mut joined: Vec<Area> = Vec::new();
    for area in areas {
        let above =
            |it: &&mut Area| (it.left, it.right, it.bottom) == (area.left, area.right, area.top);
        match joined.iter_mut().find(above) {
            Some(above) => above.bottom = area.bottom,
            None => joined.push(area),
        }
    }
    joined
}

/// Letters of one colour and weight in one line, each with its place.
struct Run {
    ink: Rgb,
    bold: bool,
    line: u16,
    places: String,
    text: String,
}

#[derive(Default)]
struct Letters(Vec<Run>);

impl Letters {
    fn add(&mut self, line: u16, column: u16, look: &StyledCell<'_>) {
        let fits = |run: &Run| (run.line, run.ink, run.bold) == (line, look.ink, look.bold);
        if !self.0.last().is_some_and(fits) {
            let StyledCell { ink, bold, .. } = *look;
            self.0.push(Run { ink, bold, line, places: String::new(), text: String::new() });
        }
        let Some(run) = self.0.last_mut() else { return };
        for letter in look.glyph.chars() {
            let _ = write!(run.places, "{} ", u32::from(column) * CELL.0);
            match letter {
                '&' => run.text.push_str("&amp;"),
                '<' => run.text.push_str("&lt;"),
                _ => run.text.push(letter),
            }
        }
    }

    fn texts(&self) -> String {
        let text = |run: &Run| {
            let y = u32::from(run.line) * CELL.1 + BASELINE;
            let weight = if run.bold { " font-weight=\"bold\"" } else { "" };
            let Run { ink, places, text, .. } = run;
            format!(
                "<text y=\"{y}\" x=\"{}\" fill=\"{ink}\"{weight}>{text}</text>\n",
                places.trim_end()
            )
        };
        self.0.iter().map(text).collect()
    }
}
