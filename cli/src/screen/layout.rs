//! What fits where. Sizes are cells.

use ratatui::layout::{Rect, Size};

/// A QR code of 24 digits with its quiet zone.
pub(super) const QR: Size = Size { width: 29, height: 15 };
/// A Code 128 of 24 digits with its quiet zone, two modules a cell.
const CODE128_COLUMNS: u16 = 94;
/// From here on the Code 128 is shown too, with a column of air on each side.
const WIDE: u16 = CODE128_COLUMNS + 2;
/// Lines that a Code 128 gets at least and at most.
const BAR_LINES: std::ops::RangeInclusive<u16> = 5..=10;
/// Header, footer.
const FRAME_LINES: u16 = 2;
/// The words beside the QR code.
const WORDS_COLUMNS: u16 = 44;

/// Where the parts of the screen go.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) header: Rect,
    pub(super) code128: Option<Rect>,
    pub(super) qr: Rect,
    pub(super) words: Option<Rect>,
    pub(super) footer: Rect,
    /// What a larger terminal would show.
    pub(super) missing: Option<String>,
}

/// The screen cannot show even a QR code: what it would take.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooSmall(pub(super) String);

impl Layout {
    pub(super) fn of(screen: Size) -> Result<Self, TooSmall> {
        let Size { width, height } = screen;
        let needed = QR.height + FRAME_LINES;
        if width < QR.width || height < needed {
            return Err(TooSmall(format!(
                "The barcode needs {} columns and {needed} lines; this terminal has {width} and {height}. \
                 Make it larger, or the letters smaller.",
                QR.width
            )));
        }
        let spare = height - needed;
        // One line of air above the QR code when it is not alone.
        let bars = spare.saturating_sub(1).min(*BAR_LINES.end());
        let code128 = (width >= WIDE && bars >= *BAR_LINES.start()).then(|| Rect {
            x: (width - CODE128_COLUMNS) / 2,
            y: 1,
            width: CODE128_COLUMNS,
            height: bars,
        });
        let top = code128.map_or_else(|| 1 + (spare / 2).min(2), |bars| bars.bottom() + 1);
        let with_words = width > QR.width + WORDS_COLUMNS;
        let left = match (code128, with_words) {
            (Some(bars), _) => bars.x,
            (None, true) => 1,
            (None, false) => (width - QR.width) / 2,
        };
        let qr = Rect { x: left, y: top, width: QR.width, height: QR.height };
        let words = with_words.then(|| Rect {
            x: qr.right() + 2,
            y: top,
            width: width - qr.right() - 3,
            height: height - top - 1,
        });
        let missing = match (code128, with_words) {
            (None, true) if width < WIDE => {
                Some(format!("Code 128 needs {WIDE} columns, here are {width}"))
            }
            (None, true) => {
                let lines = needed + 1 + BAR_LINES.start();
                Some(format!("Code 128 needs {lines} lines, here are {height}"))
            }
            (None, false) => Some("more at 80 columns".to_owned()),
            (Some(_), _) => None,
        };
        let line = |y| Rect { x: 0, y, width, height: 1 };
        Ok(Self { header: line(0), code128, qr, words, footer: line(height - 1), missing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(width: u16, height: u16) -> Layout {
        Layout::of(Size { width, height }).unwrap()
    }

    #[test]
    fn at_80_by_24_the_qr_code_has_all_that_goes_with_it() {
        let layout = layout(80, 24);
        assert_eq!(layout.code128, None);
        assert_eq!(layout.missing.unwrap(), "Code 128 needs 96 columns, here are 80");
        let words = layout.words.unwrap();
        assert!(words.width >= 44 && words.right() <= 79 && words.bottom() <= 23);
    }

    #[test]
    fn from_96_columns_on_code_128_stands_above_it() {
        assert_eq!(layout(95, 24).code128, None);
        let layout = layout(96, 24);
        let (bars, qr) = (layout.code128.unwrap(), layout.qr);
        assert_eq!((bars.width, bars.height), (94, 6));
        assert!(bars.bottom() < qr.y && qr.bottom() <= layout.footer.y);
        assert_eq!(layout.missing, None);
    }

    #[test]
    fn a_smaller_terminal_is_told_what_is_missing() {
        assert_eq!(layout(40, 17).missing.unwrap(), "more at 80 columns");
        assert!(layout(100, 20).missing.unwrap().contains("23 lines"));
        for (width, height) in [(28, 50), (200, 16), (0, 0), (1, 1)] {
            let TooSmall(text) = Layout::of(Size { width, height }).unwrap_err();
            assert!(text.contains("needs 29 columns and 17 lines"), "{text}");
        }
    }

    #[test]
    fn nothing_overlaps_or_sticks_out_at_any_size() {
        for (width, height) in (0..220).flat_map(|w| (0..80).map(move |h| (w, h))) {
            let screen = Rect { x: 0, y: 0, width, height };
            let Ok(layout) = Layout::of(Size { width, height }) else { continue };
            let parts = [
                Some(layout.header),
                layout.code128,
                Some(layout.qr),
                layout.words,
                Some(layout.footer),
            ];
            let parts: Vec<Rect> = parts.into_iter().flatten().collect();
            for (i, part) in parts.iter().enumerate() {
                assert_eq!(screen.intersection(*part), *part, "{width}x{height} part {i}");
                for other in &parts[..i] {
                    assert!(!part.intersects(*other), "{width}x{height} part {i}");
                }
            }
        }
    }
}
