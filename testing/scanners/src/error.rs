//! Why a picture cannot be read.

/// A picture cannot be made, or a scanner cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ScannerError {
    /// The program `zbarimg` is missing.
    #[error("zbarimg is not installed: install the Debian package zbar-tools")]
    NoZbar,
    /// The program `zbarimg` failed, with this output.
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
        /// The number of bytes given.
        pixels: usize,
    },
    /// The pictures could not be handed to the program.
    #[error("the pictures cannot be written for zbarimg: {0}")]
    Io(#[from] std::io::Error),
}
