//! A symbol as PNG: one bit per pixel, each module a square of whole pixels.

use std::{
    io::{self, Write},
    num::NonZeroU8,
};

use super::matrix::Symbol;

/// How many pixels wide and high a module is drawn: 1 to 64.
///
/// Whole pixels only, as edges between pixels blur what scanners measure. At 64 the largest QR code has sides of
/// 11,840 pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleSize(NonZeroU8);

/// The requested module size is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a module of {0} pixels cannot be drawn: 1 to {max} pixels are accepted", max = ModuleSize::MAX)]
pub struct ModuleSizeOutOfRange(pub u32);

impl ModuleSize {
    /// The largest module size accepted.
    pub const MAX: u8 = 64;

    /// Takes pixels per module.
    ///
    /// # Errors
    /// [`ModuleSizeOutOfRange`] for 0 and above [`ModuleSize::MAX`].
    pub fn new(pixels: u32) -> Result<Self, ModuleSizeOutOfRange> {
        let size = u8::try_from(pixels).ok().filter(|&size| size <= Self::MAX);
        size.and_then(NonZeroU8::new).map(Self).ok_or(ModuleSizeOutOfRange(pixels))
    }

    /// The number of pixels per module.
    #[must_use]
    pub const fn pixels(self) -> u8 {
        self.0.get()
    }
}

impl Symbol {
    /// Writes a greyscale PNG with the quiet zone, black on white. Memory: the packed file, a few kilobytes.
    ///
    /// # Errors
    /// The error of `out`.
    pub fn write_png(&self, mut out: impl Write, module: ModuleSize) -> io::Result<()> {
        out.write_all(&self.png_file(module)?)
    }

    fn png_file(&self, module: ModuleSize) -> Result<Vec<u8>, png::EncodingError> {
        let (width, height) = self.drawn_size();
        let scale = u32::from(module.pixels());
        let mut file = Vec::new();
        let mut encoder =
            png::Encoder::new(&mut file, u32::from(width) * scale, u32::from(height) * scale);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header()?;
        let mut pixels = writer.stream_writer()?;
        for y in 0..height {
            let row = self.pixel_row(y, module);
            for _ in 0..scale {
                pixels.write_all(&row)?;
            }
        }
        pixels.finish()?;
        writer.finish()?;
        Ok(file)
    }

    /// One row of pixels: 1 is white, and the bits past the width are white too.
    fn pixel_row(&self, y: u16, module: ModuleSize) -> Vec<u8> {
        let scale = usize::from(module.pixels());
        let width = self.drawn_size().0;
        let mut row = vec![0xff; (usize::from(width) * scale).div_ceil(8)];
        for x in (0..width).filter(|&x| self.is_drawn_dark(x, y)) {
            for pixel in usize::from(x) * scale..(usize::from(x) + 1) * scale {
                row[pixel / 8] &= !(0x80 >> (pixel % 8));
            }
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_sizes_have_bounds() {
        assert_eq!(ModuleSize::new(0), Err(ModuleSizeOutOfRange(0)));
        assert_eq!(ModuleSize::new(65), Err(ModuleSizeOutOfRange(65)));
        assert_eq!(ModuleSize::new(257), Err(ModuleSizeOutOfRange(257)));
        assert_eq!(ModuleSize::new(u32::MAX), Err(ModuleSizeOutOfRange(u32::MAX)));
        assert_eq!(ModuleSize::new(1).map(ModuleSize::pixels), Ok(1));
        assert_eq!(ModuleSize::new(64).map(ModuleSize::pixels), Ok(64));
    }

    #[test]
    fn each_module_is_a_square_of_the_picture() {
        for (symbol, scale) in [(Symbol::qr("1").unwrap(), 3), (Symbol::code128("1").unwrap(), 2)] {
            let mut file = vec![];
            symbol.write_png(&mut file, ModuleSize::new(scale).unwrap()).unwrap();
            let mut reader = png::Decoder::new(io::Cursor::new(file)).read_info().unwrap();
            let (width, height) = reader.info().size();
            let size = symbol.drawn_size();
            assert_eq!((width, height), (u32::from(size.0) * scale, u32::from(size.1) * scale));
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let frame = reader.next_frame(&mut pixels).unwrap();
            for (y, row) in (0_u32..).zip(pixels.chunks(frame.line_size)) {
                for x in 0..width {
                    let dark = row[x as usize / 8] & 0x80 >> (x % 8) == 0;
                    let module = |place: u32| u16::try_from(place / scale).unwrap();
                    assert_eq!(dark, symbol.is_drawn_dark(module(x), module(y)), "{x}, {y}");
                }
            }
        }
    }

    #[test]
    fn an_error_of_the_writer_is_returned() {
        let full =
            Symbol::qr("1").unwrap().write_png(&mut [0_u8; 40][..], ModuleSize::new(1).unwrap());
        assert_eq!(full.unwrap_err().kind(), io::ErrorKind::WriteZero);
    }
}
