//! Pixels as scanners take them.

use crate::error::ScannerError;

/// A greyscale picture, row by row from the top left; 0 is black, 255 white. Never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    luma: Vec<u8>,
}

impl Picture {
    /// Takes a byte for each pixel.
    ///
    /// # Errors
    /// [`ScannerError::Size`] if the bytes are not `width * height`, or none.
    pub fn new(width: usize, height: usize, luma: Vec<u8>) -> Result<Self, ScannerError> {
        if luma.is_empty() || width.checked_mul(height) != Some(luma.len()) {
            return Err(ScannerError::Size { width, height, pixels: luma.len() });
        }
        Ok(Self { width, height, luma })
    }

    /// Draws each pixel by what it is at its column and row; width and height are at least 1.
    pub(crate) fn draw(width: usize, height: usize, pixel: impl Fn(usize, usize) -> u8) -> Self {
        let width = width.max(1);
        let height = height.max(1);
        let pixel = &pixel;
        let luma = (0..height).flat_map(|y| (0..width).map(move |x| pixel(x, y))).collect();
        Self { width, height, luma }
    }

    /// Pixels from left to right.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels from top to bottom.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// All pixels, row by row.
    #[must_use]
    pub fn luma(&self) -> &[u8] {
        &self.luma
    }

    /// One pixel, which must be inside.
    #[must_use]
    pub fn at(&self, x: usize, y: usize) -> u8 {
        self.luma[y * self.width + x]
    }
}

/// Size only: a picture is too long to print.
impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "picture of {} x {} pixels", self.width, self.height)
    }
}
