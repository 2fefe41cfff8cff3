//! Places the parts of the screen. Sizes are in terminal cells.

use ratatui::layout::{Rect, Size};

/// A QR code of 24 digits with its quiet zone.
pub(super) const QR: Size = Size { width: 29, height: 15 };
/// A Code 128 of 24 digits with its quiet zone, two modules a cell.
const CODE128_COLUMNS: u16 = 94;
/// The columns from which the Code 128 is shown too, with a margin of one column on each side.
const WIDE: u16 = CODE128_COLUMNS + 2;
/// The lines of a Code 128, at least and at most.
const BAR_LINES: std::ops::RangeInclusive<u16> = 5..=10;
/// The lines of header and footer.
const FRAME_LINES: u16 = 2;
/// The text beside the QR code: its columns, and its lines when the till is below it.
const WORDS: Size = Size { width: 44, height: 6 };
/// The least lines of the till: heading, one message and the scanner.
const TILL_LINES: u16 = 3;

/// The areas of the screen's parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) header: Rect,
    pub(super) code128: Option<Rect>,
    pub(super) qr: Rect,
    /// The text about the code.
    pub(super) words: Option<Rect>,
    /// The till's messages and scanner.
    pub(super) till: Option<Rect>,
    pub(super) footer: Rect,
    /// A hint about what a larger terminal would show.
    pub(super) missing: Option<String>,
}

/// The terminal is too small even for a QR code; says what is needed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooSmall(pub(super) String);

impl Layout {
    pub(super) fn of(screen: Size) -> Result<Self, TooSmall> {
        let Size { width, height } = screen;
        let needed = QR.height + FRAME_LINES;
        if width < QR.width || height < needed {
            return Err(TooSmall(format!(
                "The barcode needs {} columns and {needed} lines; this terminal has {width} and {height}. \
                 Enlarge it or use a smaller font.",
                QR.width
            )));
        }
        let spare = height - needed;
        // One blank line above the QR code when it is not alone.
        let bars = spare.saturating_sub(1).min(*BAR_LINES.end());
        let shows_bars = width >= WIDE && bars >= *BAR_LINES.start();
        // What remains is blank below the header, if nothing else needs the line.
        let used = if shows_bars { bars + 1 } else { 0 };
        let top = if spare > used + TILL_LINES { 2 } else { 1 };
        let code128 = shows_bars.then(|| Rect {
            x: (width - CODE128_COLUMNS) / 2,
            y: top,
            width: CODE128_COLUMNS,
            height: bars,
        });
        let footer = height - 1;
        // Everything but a lone QR code stays within these columns.
        let column = match code128 {
            Some(bars) => Rect { y: 0, height: footer, ..bars },
            None => Rect { x: 1, y: 0, width: width - 2, height: footer },
        };
        let line = |y| Rect { y, height: 1, ..column };
        let beside = width > QR.width + WORDS.width;
        let left = if beside { column.x } else { (width - QR.width) / 2 };
        let y = code128.map_or(top, |bars| bars.bottom() + 1);
        let qr = Rect { x: left, y, width: QR.width, height: QR.height };
        let (words, till) = if beside { side_by_side(qr, column) } else { stacked(qr, column) };
        let missing = match code128 {
            Some(_) => None,
            None if !beside => Some("more at 80 columns".to_owned()),
            None if width < WIDE => {
                Some(format!("Code 128 needs {WIDE} columns, here are {width}"))
            }
            None => {
                let lines = needed + 1 + BAR_LINES.start();
                Some(format!("Code 128 needs {lines} lines, here are {height}"))
            }
        };
        Ok(Self { header: line(0), code128, qr, words, till, footer: line(footer), missing })
    }
}

/// Text to the right of the QR code; the till below both if it fits, else to the right as well.
fn side_by_side(qr: Rect, column: Rect) -> (Option<Rect>, Option<Rect>) {
    let x = qr.right() + 2;
    let words = Rect { x, width: column.right() - x, ..qr };
    match below(qr, column) {
        Some(till) if till.height > TILL_LINES => (Some(words), Some(till)),
        _ => {
            let till =
                Rect { y: words.y + WORDS.height, height: words.height - WORDS.height, ..words };
            (Some(Rect { height: WORDS.height, ..words }), Some(till))
        }
    }
}

/// Text and till below the QR code, as far as lines are left.
fn stacked(qr: Rect, column: Rect) -> (Option<Rect>, Option<Rect>) {
    let lines = column.bottom() - qr.bottom();
    // Aligned with the QR code if that leaves enough room.
    let x = if column.right() - qr.x >= WORDS.width { qr.x } else { column.x };
    let column = Rect { x, width: column.right() - x, ..column };
    let words = Rect { y: qr.bottom(), height: lines.min(WORDS.height - 1), ..column };
    let till = below(words, column).filter(|till| till.height >= TILL_LINES);
    (Some(words).filter(|words| words.height > 0), till)
}

/// The rest of the column below a part, after a blank line.
fn below(part: Rect, column: Rect) -> Option<Rect> {
    let y = part.bottom() + 1;
    (y < column.bottom()).then(|| Rect { y, height: column.bottom() - y, ..column })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(width: u16, height: u16) -> Layout {
        Layout::of(Size { width, height }).unwrap()
    }

    #[test]
    fn a_terminal_of_80_by_24_shows_qr_code_text_and_till() {
        let layout = layout(80, 24);
        assert_eq!(layout.code128, None);
        assert_eq!(layout.missing.unwrap(), "Code 128 needs 96 columns, here are 80");
        let words = layout.words.unwrap();
        assert!(words.width >= 44 && words.right() <= 79);
        // The till has the whole width, and a blank line above it.
        let till = layout.till.unwrap();
        assert_eq!(till, Rect { x: 1, y: 18, width: 78, height: 5 });
    }

    #[test]
    fn code_128_is_shown_from_96_columns() {
        assert_eq!(layout(95, 24).code128, None);
        let layout = layout(96, 24);
        let bars = layout.code128.unwrap();
        let qr = layout.qr;
        assert_eq!((bars.width, bars.height), (94, 6));
        assert!(bars.bottom() < qr.y && qr.bottom() <= layout.footer.y);
        assert_eq!(layout.missing, None);
    }

    #[test]
    fn a_small_terminal_shows_what_is_missing() {
        assert_eq!(layout(40, 17).missing.unwrap(), "more at 80 columns");
        assert!(layout(100, 20).missing.unwrap().contains("23 lines"));
        for (width, height) in [(28, 50), (200, 16), (0, 0), (1, 1)] {
            let TooSmall(text) = Layout::of(Size { width, height }).unwrap_err();
            assert!(text.contains("needs 29 columns and 17 lines"), "{text}");
        }
    }

    #[test]
    fn parts_never_overlap_at_any_size() {
        for (width, height) in (0..220).flat_map(|w| (0..80).map(move |h| (w, h))) {
            let screen = Rect { x: 0, y: 0, width, height };
            let Ok(layout) = Layout::of(Size { width, height }) else { continue };
            let parts: Vec<Rect> = [
                Some(layout.header),
                layout.code128,
                Some(layout.qr),
                layout.words,
                layout.till,
                Some(layout.footer),
            ]
            .into_iter()
            .flatten()
            .collect();
            for (i, part) in parts.iter().enumerate() {
                assert_eq!(screen.intersection(*part), *part, "{width}x{height} part {i}");
                for other in &parts[..i] {
                    assert!(!part.intersects(*other), "{width}x{height} part {i}");
                }
            }
        }
    }
}
