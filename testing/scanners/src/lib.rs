//! Who plays the other side: what independent scanners read in a picture.
//!
//! A [`Picture`] comes from a PNG, an SVG or what a terminal shows; it can be worn as a camera would wear it; and
//! [`read`] says what `ZBar` and zxing-cpp see in it. A [`Session`] is a program in a terminal, with hands on its
//! keyboard and eyes on its screen.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let picture = tegata_scanners::Picture::from_png(&std::fs::read("shop.png")?)?;
//! for reading in tegata_scanners::read_one(&picture)?.zbar {
//!     println!("{:?}: {}", reading.kind, reading.text);
//! }
//! # Ok(())
//! # }
//! ```

mod drawing;
mod look;
mod picture;
mod png;
mod session;
mod svg;
mod terminal;
mod wear;
mod zbar;
mod zxing;

pub use drawing::svg_of_screen;
pub use look::Theme;
pub use picture::Picture;
pub use session::{End, Program, Session, SessionError};
pub use svg::png_of_svg;
pub use terminal::Terminal;
pub use vt100::Screen;

/// What a scanner says of one symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The kind of symbol.
    pub kind: Kind,
    /// What it holds.
    pub text: String,
}

/// Kinds of symbol, under one name for both scanners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// QR Code.
    Qr,
    /// Code 128.
    Code128,
    /// Any other, as the scanner calls it.
    Other(String),
}

/// What both scanners say of one picture; each is empty if that scanner finds nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// `ZBar`, by its program `zbarimg` with its default settings.
    pub zbar: Vec<Reading>,
    /// zxing-cpp, set not to look for inverted symbols: many tills do not.
    pub zxing: Vec<Reading>,
}

/// There is no picture, or no scanner to look at it.
#[derive(Debug, thiserror::Error)]
pub enum ScannerError {
    /// The program is not there.
    #[error("zbarimg is not installed: install the Debian package zbar-tools")]
    NoZbar,
    /// The program ran and did not do its work.
    #[error("zbarimg failed: {0}")]
    Zbar(String),
    /// The library refused the picture.
    #[error("zxing-cpp failed: {0}")]
    Zxing(String),
    /// Not a PNG file, or a broken one.
    #[error("the PNG file cannot be read: {0}")]
    Png(#[from] ::png::DecodingError),
    /// Not an SVG document, or one of no size.
    #[error("the SVG document cannot be drawn: {0}")]
    Svg(String),
    /// Width times height is not the number of pixels, or there are none.
    #[error("a picture of {width} x {height} cannot have {pixels} pixels")]
    Size {
        /// Pixels from left to right.
        width: usize,
        /// Pixels from top to bottom.
        height: usize,
        /// Bytes given.
        pixels: usize,
    },
    /// The pictures could not be handed to the program.
    #[error("the pictures cannot be written for zbarimg: {0}")]
    Io(#[from] std::io::Error),
}

/// What both scanners say of each picture, on all cores, in the order given.
///
/// Starting `zbarimg` costs more than reading a picture with it: hand in many at once.
///
/// # Errors
/// [`ScannerError`] if a scanner cannot work. Finding nothing is not an error.
pub fn read(pictures: &[Picture]) -> Result<Vec<Said>, ScannerError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = pictures.len().div_ceil(cores).clamp(1, zbar::MOST_AT_ONCE);
    let mut said = Vec::with_capacity(pictures.len());
    for round in pictures.chunks(share * cores) {
        let parts: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                round.chunks(share).map(|part| scope.spawn(|| read_here(part))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().map_err(std::panic::resume_unwind))
                .collect()
        });
        for part in parts {
            let Ok(part) = part;
            said.extend(part?);
        }
    }
    Ok(said)
}

/// [`read`] for a single picture.
///
/// # Errors
/// As [`read`].
pub fn read_one(picture: &Picture) -> Result<Said, ScannerError> {
    let zbar = zbar::read(std::slice::from_ref(picture))?.into_iter().flatten().collect();
    Ok(Said { zbar, zxing: zxing::read(picture)? })
}

fn read_here(pictures: &[Picture]) -> Result<Vec<Said>, ScannerError> {
    let zbar = zbar::read(pictures)?.into_iter();
    zbar.zip(pictures)
        .map(|(zbar, picture)| Ok(Said { zbar, zxing: zxing::read(picture)? }))
        .collect()
}
