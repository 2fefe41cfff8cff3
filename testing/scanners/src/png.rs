//! PNG files, in and out.

use std::io::Cursor;

use png::{ColorType, Decoder, Transformations};

use crate::error::ScannerError;
use crate::picture::Picture;

impl Picture {
    /// Takes a PNG of any kind, the first frame of an animated one. What is transparent is seen on black, so that a
    /// symbol that does not draw its own light ground is not read.
    ///
    /// # Errors
    /// [`ScannerError::Png`].
    pub fn from_png(file: &[u8]) -> Result<Self, ScannerError> {
        let mut decoder = Decoder::new(Cursor::new(file));
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info()?;
        let size = reader.output_buffer_size().ok_or(png::DecodingError::LimitsExceeded)?;
        let mut bytes = vec![0; size];
        let frame = reader.next_frame(&mut bytes)?;
        bytes.truncate(frame.buffer_size());
        let luma = match frame.color_type {
            ColorType::GrayscaleAlpha => bytes.chunks(2).map(|it| on_black(it[0], it[1])).collect(),
            ColorType::Rgb => bytes.chunks(3).map(|it| luma(it[0], it[1], it[2])).collect(),
            ColorType::Rgba => {
                bytes.chunks(4).map(|it| on_black(luma(it[0], it[1], it[2]), it[3])).collect()
            }
            // palettes have been expanded
            ColorType::Grayscale | ColorType::Indexed => bytes,
        };
        Self::new(frame.width as usize, frame.height as usize, luma)
    }

    /// This picture as a greyscale PNG file, to be looked at.
    ///
    /// # Errors
    /// [`ScannerError::Io`] if it has more pixels on a side than a PNG can.
    pub fn to_png(&self) -> Result<Vec<u8>, ScannerError> {
        let side = |pixels| u32::try_from(pixels).unwrap_or(u32::MAX);
        let mut file = vec![];
        let mut encoder = png::Encoder::new(&mut file, side(self.width()), side(self.height()));
        encoder.set_color(ColorType::Grayscale);
        let mut writer = encoder.write_header().map_err(std::io::Error::from)?;
        writer.write_image_data(self.luma()).map_err(std::io::Error::from)?;
        writer.finish().map_err(std::io::Error::from)?;
        Ok(file)
    }
}

/// How light a colour looks (ITU-R BT.601).
pub(crate) fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let sum = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
    u8::try_from((sum + 500) / 1000).unwrap_or(u8::MAX)
}

fn on_black(luma: u8, alpha: u8) -> u8 {
    u8::try_from(u16::from(luma) * u16::from(alpha) / 255).unwrap_or(u8::MAX)
}
