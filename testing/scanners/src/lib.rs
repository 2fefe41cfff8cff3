//! Independent scanners for tests: what `ZBar` and zxing-cpp read in a picture.
//!
//! A [`Picture`] comes from a PNG, an SVG or a terminal's screen; it can be distorted as a camera would distort it; and
//! [`read`] gives what both scanners see in it. A [`Session`] runs a program in a terminal, presses its keys and reads
//! its screen.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let picture = tegata_scanners::Picture::from_png(&std::fs::read("shop.png")?)?;
//! for reading in tegata_scanners::read_one(&picture)?.zbar {
//!     println!("{:?}: {}", reading.symbology, reading.text);
//! }
//! # Ok(())
//! # }
//! ```

mod cell;
mod distortion;
mod error;
mod picture;
mod png;
mod reading;
mod scan;
mod screen_svg;
mod session;
mod svg;
mod terminal;
mod zbar;
mod zxing;

pub use cell::Theme;
pub use error::ScannerError;
pub use picture::Picture;
pub use reading::{Reading, ScanResult, Symbology};
pub use scan::{read, read_one};
pub use screen_svg::svg_of_screen;
pub use session::{Program, ProgramEnd, Session, SessionError};
pub use svg::png_of_svg;
pub use terminal::Terminal;
pub use vt100::Screen;
